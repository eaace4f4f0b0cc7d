"""Images from disk: the one reader of all, so that a file is the same image wherever it is used.

Files are decoded completely, so a cut one is noticed at once. 16 bits are scaled to 8, and what is
transparent is white, as a viewer shows it; RGB files of 8 bits keep their pixels.
"""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from vqax.errors import BadData
from vqax.foreign import reading

DEEP = 65535
"""White in 16 bits."""


def load_rgb(path: Path) -> Image.Image:
    """The image as RGB, in the pixel frame COCO's boxes are given in (no EXIF rotation).

    Raises:
        MissingArtefact: there is no such file.
        BadData: as ``load_image`` and ``as_rgb``.
    """
    return as_rgb(load_image(path), str(path))


def load_upright(path: Path) -> Image.Image:
    """As ``load_rgb``, rotated by its EXIF orientation: a person's own photograph.

    Images of a data set are read without the rotation, as their boxes are; COCO's have none.

    Raises:
        MissingArtefact: there is no such file.
        BadData: as ``load_image`` and ``as_rgb``.
    """
    with warnings.catch_warnings():
        # of large images, which are refused with a sentence; not in load_rgb, which threads call
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        image = load_image(path)
    return as_rgb(_rotated(image, path), str(path))


def _rotated(image: Image.Image, path: Path) -> Image.Image:
    """Upright by its EXIF orientation."""
    with reading(path, "an image with whole EXIF data", "save the image anew without them"):
        return ImageOps.exif_transpose(image)


def load_image(path: Path) -> Image.Image:
    """The image in its own mode, all pixels decoded.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut, is not an image, or has more pixels than Pillow holds for safe.
    """
    return _opened(path, decode=True)


def size_px(path: Path) -> tuple[int, int]:
    """(height, width) from the head of the file; nothing is decoded.

    Raises:
        MissingArtefact: there is no such file.
        BadData: as ``load_image``.
    """
    width, height = _opened(path, decode=False).size
    return height, width


def as_rgb(image: Image.Image, name: str = "image") -> Image.Image:
    """``image`` in 8 bits of red, green and blue; ``name`` is what an error calls it.

    Raises:
        BadData: its values have no known range: floating-point numbers, or more than 16 bits.
    """
    if image.mode == "F":
        raise BadData(f"{name}: its values are floating-point numbers; save it with 8 bits")
    if image.mode.startswith("I"):
        return _from_deep(image, name)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")


def _from_deep(image: Image.Image, name: str) -> Image.Image:
    """Of 16 bits, or of the 32 in which some programs save 8 or 16."""
    values = np.asarray(image).astype(np.float64)
    low, high = values.min(), values.max()
    if low < 0 or high > DEEP:
        raise BadData(
            f"{name}: its values go from {low:.0f} to {high:.0f}, more than 16 bits; "
            "save it with 8 or 16 bits"
        )
    white = 255 if image.mode == "I" and high <= 255 else DEEP
    grey = np.rint(values * (255 / white)).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _opened(path: Path, *, decode: bool) -> Image.Image:
    remedy = "the file is cut or damaged, fetch it again"
    absent = "no such image; fetch it or name another one"
    with reading(path, "a readable image", remedy, absent=absent):
        try:
            with Image.open(path) as image:
                _refuse_giants(path, image)
                if decode:
                    image.load()
                return image
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _giant(path) from error


def _refuse_giants(path: Path, image: Image.Image) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and image.width * image.height > limit:
        raise _giant(path)


def _giant(path: Path) -> BadData:
    return BadData(
        f"{path}: too many pixels, more than {Image.MAX_IMAGE_PIXELS or 0:,}; scale it down"
    )
