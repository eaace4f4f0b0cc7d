"""Where images come from: a name, and a function (folder, part, options) -> images."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vqax.errors import UsageError
from vqax.evidential import generated, packaged
from vqax.evidential.archive import image_tar
from vqax.evidential.images import (
    DATASETS,
    DIGITS,
    FASHION,
    Images,
    digits,
    idx_images,
    image_folder,
)

CLASSES = {"digits": DIGITS, "fashion": FASHION}


def _made(make: Callable[..., Images]) -> Callable[..., Images]:
    """A source that needs no folder and has one part only."""

    def source(folder: Path | None, part: str | None, **options: Any) -> Images:  # noqa: ARG001
        return make(**options)

    return source


def _stored(read: Callable[[Path, str], Images]) -> Callable[..., Images]:
    """A source with official parts in a folder."""

    def source(folder: Path | None, part: str | None) -> Images:
        return read(_given(folder), part or "train")

    return source


def idx_files(
    folder: Path | None, part: str | None, *, stem: str = "", classes: str = "digits"
) -> Images:
    """Two idx files ``stem``-images-idx3-ubyte.gz and ``stem``-labels-idx1-ubyte.gz.

    ``stem`` is ``part`` if it is not given; ``classes``: digits or fashion.
    """
    name = stem or part or "train"
    images, labels = (f"{name}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1"))
    return idx_images(_given(folder) / images, _given(folder) / labels, CLASSES[classes])


def class_folders(
    folder: Path | None, part: str | None, *, size: tuple[int, int] | None = None
) -> Images:
    """``folder``/``part`` with a folder of images for each class."""
    given = None if size is None else (size[0], size[1])
    return image_folder(_given(folder) / (part or ""), size=given)


def _given(folder: Path | None) -> Path:
    if folder is None:
        raise UsageError("folder: this source reads files; name the folder they are in")
    return folder


SOURCES: dict[str, Callable[..., Images]] = {
    "mnist_10k": _made(packaged.mnist_10k),
    "fashion_mnist_10k": _made(packaged.fashion_mnist_10k),
    "digits": _made(digits),
    "silhouettes": _made(generated.silhouettes),
    "photographs": _made(generated.photographs),
    "noise": _made(generated.uniform_noise),
    **{name: _stored(read) for name, read in DATASETS.items()},
    "idx": idx_files,
    "image_folder": class_folders,
    "image_tar": image_tar,
}
