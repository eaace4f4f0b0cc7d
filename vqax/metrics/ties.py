"""What is equal but for rounding is equal: before ranks, signs and thresholds are taken.

Sums of the same numbers in another order, and the same sum on another processor, differ in their
last digits: (.3 + .6)/2 is 0.44999999999999996 and (.9 + 0)/2 is 0.45. Two numbers count as equal
if they differ by at most ``rounding`` of the smaller one, a share that no quantity here is
accurate to.
"""

from functools import reduce

import numpy as np
from jaxtyping import Bool, Float, Real
from numpy.typing import ArrayLike

DOUBLE = 1e-9
SINGLE = 1e-6


def rounding(values: Real[np.ndarray, "..."]) -> float:
    """The share of a number that may be rounding: 1e-9, or 1e-6 in single precision."""
    return SINGLE if values.dtype == np.float32 else DOUBLE


def parted(
    smaller: Real[np.ndarray, "*n"], larger: Real[np.ndarray, "*n"]
) -> Bool[np.ndarray, "*n"]:
    """Whether numbers differ from those that are not smaller, by more than rounding."""
    differ = smaller != larger
    if not np.issubdtype(smaller.dtype, np.floating):
        return differ
    with np.errstate(invalid="ignore", over="ignore"):  # infinities and NaN are parted by ``!=``
        near = larger - smaller <= rounding(smaller) * np.minimum(abs(smaller), abs(larger))
    return differ & ~near


def exact_ties(values: Real[np.ndarray, "*n m"]) -> Real[np.ndarray, "*n m"]:
    """The values, those of a row that are equal but for rounding replaced by their smallest one.

    So exact comparisons (ranks, sorting, the largest of a row) find the ties. A run of values each
    of which is equal to the next becomes one value.
    """
    order = np.argsort(values, axis=-1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=-1)
    place = np.zeros(values.shape, dtype=np.int64)
    starts = parted(ordered[..., :-1], ordered[..., 1:])
    place[..., 1:] = np.where(starts, np.arange(1, values.shape[-1]), 0)
    runs = np.maximum.accumulate(place, axis=-1)
    tied = np.empty_like(values)
    np.put_along_axis(tied, order, np.take_along_axis(ordered, runs, axis=-1), axis=-1)
    return tied


def varies(values: Real[np.ndarray, "n m"]) -> Bool[np.ndarray, "n"]:
    """Whether the values of a row differ by more than rounding; false where one is NaN."""
    low, high = values.min(axis=1), values.max(axis=1)
    spread = np.subtract(high, low, dtype=np.float64)
    return np.asarray(spread > rounding(values) * np.maximum(abs(low), abs(high)))


def without_rounding(difference: ArrayLike, *terms: ArrayLike) -> np.ndarray:
    """A difference of ``terms``, exactly 0 where it is no more than their rounding.

    All are doubles of shapes that fit each other; NaN and infinities stay what they are.
    """
    scale = reduce(np.maximum, [np.abs(term) for term in terms])
    nothing = np.isfinite(difference) & (np.abs(difference) <= DOUBLE * scale)
    return np.where(nothing, 0.0, difference)


def right_answers(accuracy: Float[np.ndarray, "*n"]) -> Bool[np.ndarray, "*n"]:
    """Whether answers count as right: from an accuracy of ½ on, also of a mean over seeds."""
    return np.asarray(accuracy >= 0.5 * (1 - DOUBLE))
