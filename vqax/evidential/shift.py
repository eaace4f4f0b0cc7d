"""What is left of a bad overlap when a map is moved onto its object (EDL section 7.5)."""

import numpy as np
from jaxtyping import Bool, Real

from vqax.evidential.overlap import centroids, check_same_shape


def centred(
    maps: Real[np.ndarray, "n y x"], masks: Bool[np.ndarray, "n2 y2 x2"]
) -> Real[np.ndarray, "n y x"]:
    """The positive part of each map, its centre of mass moved onto that of the object.

    By whole pixels; what leaves the image is lost and 0 comes in. A map without positive
    values, or an object without pixels, stays where it is.

    Raises:
        UsageError: maps and masks differ in shape.
    """
    check_same_shape(maps, masks)
    positive = np.maximum(maps, 0)
    apart = centroids(masks.astype(np.float64)) - centroids(positive)
    steps = np.nan_to_num(np.round(apart)).astype(int)
    rows = np.arange(maps.shape[1]) - steps[:, :1]
    columns = np.arange(maps.shape[2]) - steps[:, 1:]
    inside = _inside(rows, maps.shape[1])[:, :, None] & _inside(columns, maps.shape[2])[:, None, :]
    which = np.arange(len(maps))[:, None, None]
    moved = positive[which, rows.clip(0, maps.shape[1] - 1)[:, :, None],
                     columns.clip(0, maps.shape[2] - 1)[:, None, :]]  # fmt: skip
    return np.where(inside, moved, 0).astype(maps.dtype)


def _inside(at: np.ndarray, length: int) -> np.ndarray:
    return (at >= 0) & (at < length)
