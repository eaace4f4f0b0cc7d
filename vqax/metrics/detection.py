"""Did the detector find what is there, and does it know what it is?"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64, Int

from vqax.metrics.checks import check_one_each

OVERLAP = 0.5


class Found(NamedTuple):
    """One entry for every true object (k).

    ``iou`` is that of the box that covers it best, ``recalled`` whether it reaches .5, ``box``
    the surest box that does, −1 without one.
    """

    iou: Float[np.ndarray, "k"]
    recalled: Bool[np.ndarray, "k"]
    box: Int[np.ndarray, "k"]


def found(
    boxes: Float[np.ndarray, "l 4"],
    scores: Float[np.ndarray, "l"],
    true_boxes: Float[np.ndarray, "k 4"],
    overlap: float = OVERLAP,
) -> Found:
    """Which true objects an image's boxes (x1, y1, x2, y2) cover with at least that IoU.

    A box may stand for several objects: recall asks whether an object can be looked at, not
    whether it is counted once.

    Raises:
        UsageError: not one score a box.
    """
    check_one_each(boxes=boxes, scores=scores)
    ious = intersection_over_union(true_boxes, boxes)
    covers = ious >= overlap
    top_scoring = np.where(covers, scores, -np.inf).argmax(axis=1) if len(boxes) else 0
    recalled = np.asarray(covers.any(axis=1))
    best = ious.max(axis=1, initial=0.0)
    return Found(best, recalled, np.where(recalled, top_scoring, -1))


def intersection_over_union(
    first: Float[np.ndarray, "*n k 4"], second: Float[np.ndarray, "*n m 4"]
) -> Float64[np.ndarray, "*n k m"]:
    """IoU of every box with every other; 0 for boxes without area or with a NaN."""
    a, b = first[..., :, None, :].astype(np.float64), second[..., None, :, :].astype(np.float64)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    both = sides.clip(min=0).prod(axis=-1)
    areas = [(boxes[..., 2:] - boxes[..., :2]).clip(min=0).prod(axis=-1) for boxes in (a, b)]
    union = areas[0] + areas[1] - both
    return np.divide(both, union, out=np.zeros_like(both), where=union > 0)
