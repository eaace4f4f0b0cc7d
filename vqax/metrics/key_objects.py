"""Does attention over regions fall on the objects that a question needs?

Boxes are x1, y1, x2, y2 in pixels. A region shows a relevant object if their intersection is at
least half of their union, as a detection counts in PASCAL VOC (Everingham et al. 2010). Needed
boxes of several questions lie in one array (n,m,4), filled up with NaN.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64

from vqax.metrics.checks import as_flags, check_one_each, check_same_shape
from vqax.metrics.detection import OVERLAP, intersection_over_union
from vqax.metrics.ties import exact_ties


class Found(NamedTuple):
    """Counts over questions: right key objects of all, relevant objects found of all."""

    right: int
    chosen: int
    found: int
    relevant: int

    @property
    def precision(self) -> float:
        """Share of the key objects that show a relevant object; NaN without any."""
        return self.right / self.chosen if self.chosen else float("nan")

    @property
    def recall(self) -> float:
        """Share of the relevant objects that a key object shows; NaN without any."""
        return self.found / self.relevant if self.relevant else float("nan")


def padded_boxes(boxes: Sequence[Float[np.ndarray, "_ 4"]]) -> Float64[np.ndarray, "n m 4"]:
    """The boxes of each question in one array, NaN where it has fewer than the others."""
    longest = max((len(one) for one in boxes), default=0)
    padded = np.full((len(boxes), longest, 4), np.nan)
    for row, one in zip(padded, boxes, strict=True):
        row[: len(one)] = one
    return padded


def on_relevant(
    regions: Float[np.ndarray, "n k 4"],
    relevant: Float[np.ndarray, "n m 4"],
    threshold: float = OVERLAP,
) -> Bool[np.ndarray, "n k"]:
    """Whether each region shows a relevant object; raises UsageError for other questions."""
    check_one_each(regions=regions, relevant=relevant)
    return np.asarray((intersection_over_union(regions, relevant) >= threshold).any(axis=2))


def relevance_mass(
    attention: Float[np.ndarray, "n k"], shows: Bool[np.ndarray, "n k"]
) -> Float64[np.ndarray, "n"]:
    """Share of the (non-negative) attention on regions that show a relevant object, in [0, 1].

    NaN where no region does, so that there is nothing to look at, or where there is no attention.

    Raises:
        UsageError: the two differ in shape, or ``shows`` holds other numbers than 0 and 1.
    """
    check_same_shape(attention=attention, shows=shows)
    shows = as_flags(shows, "shows")
    total = attention.sum(axis=1, dtype=np.float64)
    mass = np.where(shows, attention, 0).sum(axis=1, dtype=np.float64)
    usable = shows.any(axis=1) & (total > 0)
    return np.divide(mass, total, out=np.full(len(mass), np.nan), where=usable)


def pointing_game(
    attention: Float[np.ndarray, "n k"], shows: Bool[np.ndarray, "n k"]
) -> Float64[np.ndarray, "n"]:
    """1 where the most attended region shows a relevant object, else 0 (Zhang et al. 2016).

    Equally attended regions share the point; NaN where no region shows a relevant object.

    Raises:
        UsageError: the two differ in shape, or ``shows`` holds other numbers than 0 and 1.
    """
    check_same_shape(attention=attention, shows=shows)
    shows = as_flags(shows, "shows")
    attention = exact_ties(attention)
    most = attention == attention.max(axis=1, keepdims=True)
    point = (most & shows).sum(axis=1) / most.sum(axis=1)
    return np.where(shows.any(axis=1), point, np.nan)


def found_objects(
    regions: Float[np.ndarray, "n k 4"],
    chosen: Bool[np.ndarray, "n k"],
    relevant: Float[np.ndarray, "n m 4"],
    threshold: float = OVERLAP,
) -> Found:
    """How well the chosen regions (key objects) are those that show relevant objects.

    Raises:
        UsageError: not one choice a region, or the relevant objects of other questions.
    """
    check_one_each(regions=regions, chosen=chosen, relevant=relevant)
    check_same_shape(regions=regions[..., 0], chosen=chosen)
    chosen = as_flags(chosen, "chosen")
    fits = (intersection_over_union(regions, relevant) >= threshold) & chosen[:, :, None]
    return Found(
        right=int(fits.any(axis=2).sum()),
        chosen=int(chosen.sum()),
        found=int(fits.any(axis=1).sum()),
        relevant=int((~np.isnan(relevant[..., 0])).sum()),
    )
