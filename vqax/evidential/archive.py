"""Labelled images inside a tar file, which is read and not unpacked."""

import io
import tarfile
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from vqax.data.images import as_rgb
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.evidential.images import Images
from vqax.foreign import reading

AGAIN = "fetch the file again"


def image_tar(folder: Path | None, part: str | None, *, file: str) -> Images:
    """The images ``part``/CLASS/NAME of a tar file in ``folder``; classes and files sorted.

    RGB in 0..1; the first image decides the size of all.

    Raises:
        UsageError: no folder is named.
        MissingArtefact: there is no such file, or it holds no image of the part.
        BadData: the file is damaged, an entry is no image, or an image has another size.
    """
    if folder is None:
        raise UsageError("folder: this source reads a tar file; name the folder it is in")
    path = folder / file
    images = _read(path, part or "")
    if not images:
        raise MissingArtefact(
            f"{path}: holds no images as {part or ''}/CLASS/NAME; name a part that is there"
        )
    classes = tuple(sorted({entry.parent.name for entry in images}))
    size = next(iter(images.values())).shape
    for entry, pixels in images.items():
        if pixels.shape != size:
            raise BadData(
                f"{path}: {entry} has {pixels.shape[0]}×{pixels.shape[1]} pixels, but the first "
                f"image {size[0]}×{size[1]} (height, width); resize it or take it out"
            )
    stacked = np.stack([*images.values()]).transpose(0, 3, 1, 2).astype(np.float32)
    labels = np.array([classes.index(entry.parent.name) for entry in images], np.int64)
    return Images(np.ascontiguousarray(stacked / np.float32(255)), labels, classes)


def _read(path: Path, part: str) -> dict[PurePosixPath, np.ndarray]:
    """The pixels (y, x, 3) of every file of ``part`` by its name in the archive, sorted."""
    found = {}
    absent = "no such tar file; name its folder"
    with reading(path, "a whole tar file", AGAIN, absent=absent), tarfile.open(path) as archive:
        for member in archive:
            entry = PurePosixPath(member.name)
            if member.isfile() and entry.parts[:-2] == PurePosixPath(part).parts:
                content = archive.extractfile(member)
                assert content is not None, "a file has content"
                found[entry] = _pixels(content.read(), path, entry)
    return dict(sorted(found.items()))


def _pixels(content: bytes, path: Path, entry: PurePosixPath) -> np.ndarray:
    with reading(path, "an image", AGAIN, entry=str(entry)):
        image = Image.open(io.BytesIO(content))
        image.load()
    return np.asarray(as_rgb(image, f"{path}: {entry}"))
