"""Pictures from disk, decoded completely so that a cut file is noticed at once."""

from pathlib import Path

from PIL import Image

from vqax.errors import BadData, MissingArtefact


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
    try:
        with Image.open(path) as picture:
            picture.load()
            return picture
    except FileNotFoundError as error:
        raise MissingArtefact(f"{path}: no such picture; fetch it or name another one") from error
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise BadData(
            f"{path}: not a readable picture ({error}); the file is cut or damaged, fetch it again"
        ) from error
