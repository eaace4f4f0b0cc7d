"""The area under a ROC curve of weighted cells, ties counted half."""

import numpy as np
from jaxtyping import Float, Float64


def weighted_auc(
    values: Float[np.ndarray, "m"],
    positives: Float[np.ndarray, "m"],
    negatives: Float[np.ndarray, "m"],
) -> float:
    """P(v⁺ > v⁻) + ½ P(v⁺ = v⁻) of a cell drawn by ``positives`` and one by ``negatives``.

    The Mann-Whitney form of the area (Hanley and McNeil 1982), with weights of 0 or more in place
    of samples. NaN if there is no positive, no negative, or no difference among the values.
    """
    total = positives.sum() * negatives.sum()
    if not total > 0 or not values.min() < values.max():
        return float("nan")
    distinct, place = np.unique(values, return_inverse=True)
    above = _weights(place, negatives, len(distinct))
    beaten = np.cumsum(above) - above / 2
    return float(_weights(place, positives, len(distinct)) @ beaten / total)


def _weights(
    place: np.ndarray, weights: Float[np.ndarray, "m"], count: int
) -> Float64[np.ndarray, "count"]:
    """The weight at each distinct value."""
    return np.bincount(place, weights, minlength=count)
