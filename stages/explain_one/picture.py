"""A person's own picture: upright, without transparency, in 8 bits."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from vqax.data.pictures import load_picture
from vqax.errors import BadData

DEEP = 65535  # the highest value of a 16-bit picture


def load_upright(path: Path) -> Image.Image:
    """The picture as RGB, as a viewer shows it.

    Turned by its EXIF orientation, white behind what is transparent, 16 bits scaled to 8. The
    pictures of a data set are read without the turn, as their boxes are; COCO's have none.

    Raises:
        MissingArtefact: there is no such file.
        BadData: it is cut, no picture, too large, or its values have no known range.
    """
    _refuse_giants(path)
    return _eight_bits(_turned(load_picture(path), path), path)


def _turned(picture: Image.Image, path: Path) -> Image.Image:
    """Upright by its EXIF orientation."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception as error:  # whatever a damaged chunk makes the parser raise
        raise BadData(
            f"{path}: its EXIF data are damaged ({type(error).__name__}: {error}); "
            "save the picture anew without them"
        ) from error


def _refuse_giants(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path):
                return
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise BadData(
                f"{path}: too many pixels, more than {Image.MAX_IMAGE_PIXELS:,}; scale it down"
            ) from error
        except (OSError, SyntaxError, ValueError, EOFError):
            return  # load_picture says what is wrong


def _eight_bits(picture: Image.Image, path: Path) -> Image.Image:
    if picture.mode == "F":
        raise BadData(f"{path}: its values are floating-point numbers; save it with 8 bits")
    if picture.mode.startswith("I"):
        values = np.asarray(picture).astype(np.float64)
        scale = 255.0 / DEEP if values.max() > 255 else 1.0
        grey = np.clip(np.rint(values * scale), 0, 255).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return picture.convert("RGB")
