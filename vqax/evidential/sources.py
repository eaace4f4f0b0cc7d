"""Where pictures come from: a name, and a function (folder, part, options) -> pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vqax.errors import UsageError
from vqax.evidential import generated
from vqax.evidential.pictures import (
    DATASETS,
    DIGITS,
    FASHION,
    Pictures,
    digits,
    idx_pictures,
    picture_folder,
)

CLASSES = {"digits": DIGITS, "fashion": FASHION}


def _made(make: Callable[..., Pictures]) -> Callable[..., Pictures]:
    """A source that needs no folder and has one part only."""

    def source(folder: Path | None, part: str | None, **options: Any) -> Pictures:  # noqa: ARG001
        return make(**options)

    return source


def _stored(read: Callable[[Path, str], Pictures]) -> Callable[..., Pictures]:
    """A source with official parts in a folder."""

    def source(folder: Path | None, part: str | None) -> Pictures:
        return read(_given(folder), part or "train")

    return source


def idx_files(
    folder: Path | None, part: str | None, *, stem: str = "", classes: str = "digits"
) -> Pictures:
    """Two idx files ``stem``-images-idx3-ubyte.gz and ``stem``-labels-idx1-ubyte.gz.

    ``stem`` is ``part`` if it is not given; ``classes``: digits or fashion.
    """
    name = stem or part or "train"
    images, labels = (f"{name}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1"))
    return idx_pictures(_given(folder) / images, _given(folder) / labels, CLASSES[classes])


def class_folders(
    folder: Path | None, part: str | None, *, size: tuple[int, int] | None = None
) -> Pictures:
    """``folder``/``part`` with a folder of pictures for each class."""
    given = None if size is None else (size[0], size[1])
    return picture_folder(_given(folder) / (part or ""), size=given)


def _given(folder: Path | None) -> Path:
    if folder is None:
        raise UsageError("folder: this source reads files; name the folder they are in")
    return folder


SOURCES: dict[str, Callable[..., Pictures]] = {
    "digits": _made(digits),
    "silhouettes": _made(generated.silhouettes),
    "photographs": _made(generated.photographs),
    "noise": _made(generated.uniform_noise),
    **{name: _stored(read) for name, read in DATASETS.items()},
    "idx": idx_files,
    "picture_folder": class_folders,
}
