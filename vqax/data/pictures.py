"""Pictures from disk, decoded completely so that a cut file is noticed at once."""

from pathlib import Path

from PIL import Image

from vqax.foreign import reading


def load_rgb(path: Path) -> Image.Image:
    """The picture as RGB, in the pixel frame COCO's boxes are given in (no EXIF rotation).

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut or is not a picture.
    """
    return load_picture(path).convert("RGB")


def load_picture(path: Path) -> Image.Image:
    """The picture in its own mode, all pixels decoded.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut or is not a picture.
    """
    remedy = "the file is cut or damaged, fetch it again"
    absent = "no such picture; fetch it or name another one"
    with reading(path, "a readable picture", remedy, absent=absent), Image.open(path) as picture:
        picture.load()
        return picture
