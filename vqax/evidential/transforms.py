"""What is done to images before a classifier sees them: parts, rotation, shape."""

import numpy as np
import scipy  # its image functions are imported when first used
from jaxtyping import Float32

from vqax.errors import UsageError
from vqax.evidential.images import Images
from vqax.metrics.resize import resize_area

LUMA = (0.299, 0.587, 0.114)  # of red, green and blue in ITU-R BT.601
Pixels = Float32[np.ndarray, "n c y x"]


def held_out(images: Images, share: float, *, seed: int) -> tuple[Images, Images]:
    """The rest and a part of ``share`` of every class, drawn without replacement.

    Raises:
        UsageError: ``share`` is outside (0, 1), or leaves a class without images on one side.
    """
    if not 0 < share < 1:
        raise UsageError(f"share: {share} is outside (0, 1); hold out a part such as 0.2")
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(images.labels), bool)
    for label in np.unique(images.labels):
        members = np.flatnonzero(images.labels == label)
        count = round(share * len(members))
        if not 0 < count < len(members):
            raise UsageError(
                f"share: {share} of the {len(members)} images of class "
                f"{images.classes[label]!r} leaves none on one side; choose another share"
            )
        chosen[rng.permutation(members)[:count]] = True
    return images.rows(np.flatnonzero(~chosen)), images.rows(np.flatnonzero(chosen))


def rotate(pixels: Pixels, degrees: float) -> Pixels:
    """Turn counter-clockwise about the centre in the frame, still in 0..1.

    Bilinear, black outside: EDL's released sweep uses a cubic spline, which overshoots the range.
    A quarter turn of a square image moves pixels only and is exact.
    """
    h, w = pixels.shape[-2:]
    quarters = degrees / 90
    if quarters.is_integer() and (h == w or quarters % 2 == 0):
        return np.ascontiguousarray(np.rot90(pixels, int(quarters), axes=(2, 3)))
    rotated = scipy.ndimage.rotate(
        pixels, degrees, axes=(3, 2), reshape=False, order=1, mode="grid-constant"
    )
    return rotated.clip(0, 1)


def rotate_as_released(pixels: Pixels) -> Pixels:
    """The "rotated" condition of EDL's notebook: a quarter turn clockwise, and 0..255.

    There the rotated image goes back through a byte array without being divided by 255, so the
    two conditions of tables 1 and 2 differ in intensity, too: a confound, kept as its own row.
    """
    return np.round(rotate(pixels, -90.0) * np.float32(255))


def scale_as_released(pixels: Pixels) -> Pixels:
    """The confound alone: upright, in 0..255."""
    return np.round(pixels * np.float32(255))


def grey(
    pixels: Float32[np.ndarray, "n 3 y x"], size: tuple[int, int]
) -> Float32[np.ndarray, "n 1 h w"]:
    """Photographs for a classifier of digits: luma (BT.601), averaged over areas to ``size``."""
    luma = np.tensordot(pixels, np.array(LUMA, np.float32), axes=(1, 0))
    return resize_area(luma, size)[:, None].clip(0, 1)


def noise(shape: tuple[int, int, int, int], *, seed: int) -> Pixels:
    """Images of independent pixels, uniform in 0..1."""
    return np.random.default_rng(seed).random(shape, dtype=np.float32)
