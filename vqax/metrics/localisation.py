"""Does a map fall on what should be looked at? Against masks, or boxes painted as masks."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Real
from scipy.ndimage import distance_transform_edt

from vqax.errors import BadData
from vqax.metrics.checks import check_same_shape
from vqax.metrics.ties import exact_ties

TOLERANCE_PX = 15.0


def relevance_mass(
    maps: Real[np.ndarray, "n h w"], masks: Bool[np.ndarray, "n h w"]
) -> Float[np.ndarray, "n"]:
    """Σ_{mask} P / Σ P of the positive part of each map, in [0, 1]; higher is better.

    The energy-based pointing game (Wang et al. 2020, Score-CAM). NaN for an empty mask or a map
    without positive values.

    Raises:
        UsageError: the two differ in shape.
    """
    check_same_shape(maps=maps, masks=masks)
    positive = np.maximum(maps.astype(np.float64), 0)
    total = positive.sum(axis=(1, 2))
    inside = np.where(masks, positive, 0).sum(axis=(1, 2))
    usable = (total > 0) & masks.any(axis=(1, 2))
    return np.divide(inside, total, out=np.full(len(maps), np.nan), where=usable)


def pointing_game(
    maps: Real[np.ndarray, "n h w"],
    masks: Bool[np.ndarray, "n h w"],
    *,
    tolerance_px: float = TOLERANCE_PX,
) -> Float[np.ndarray, "n"]:
    """1 where the highest cell of a map is at most ``tolerance_px`` from the mask, else 0.

    Zhang et al. (2016), who allow 15 px; equally high cells share the point. NaN for an empty mask,
    a constant map or one with a NaN.

    Raises:
        UsageError: the two differ in shape.
    """
    check_same_shape(maps=maps, masks=masks)
    tied = exact_ties(maps.reshape(len(maps), -1)).reshape(maps.shape)
    return np.array([_pointed(*pair, tolerance_px) for pair in zip(tied, masks, strict=True)])


def box_masks(
    boxes_px: Sequence[Float[np.ndarray, "_ 4"]], size: tuple[int, int]
) -> Bool[np.ndarray, "n h w"]:
    """Masks of images (h,w) that are true in any of an image's boxes x1, y1, x2, y2.

    A pixel belongs to a box if its centre lies in it. Raises BadData where a box has no area.
    """
    masks = np.zeros((len(boxes_px), *size), dtype=bool)
    y, x = (np.arange(side) + 0.5 for side in size)
    for number, boxes in enumerate(boxes_px):
        for x1, y1, x2, y2 in np.asarray(boxes, dtype=np.float64).reshape(-1, 4).tolist():
            if not (x1 < x2 and y1 < y2):
                raise BadData(
                    f"box {[x1, y1, x2, y2]} of image {number} has no area; give x1 < x2, y1 < y2"
                )
            masks[number] |= np.outer((y1 <= y) & (y < y2), (x1 <= x) & (x < x2))
    return masks


def _pointed(
    one_map: Real[np.ndarray, "h w"], mask: Bool[np.ndarray, "h w"], tolerance_px: float
) -> float:
    highest = one_map.max()
    if not mask.any() or not one_map.min() < highest:
        return float("nan")
    distance = distance_transform_edt(~mask)  # of each cell to the nearest one of the mask
    return float((distance[one_map == highest] <= tolerance_px).mean())
