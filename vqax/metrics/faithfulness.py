"""Do the regions of high weight move the answer? (AttReg, section 4.6; figures 7a and 7b.)

A ``weight`` is what an explanation gives each of the l regions; rank 0 is the highest one. Equal
weights, also those equal but for rounding, keep the order of the regions.
"""

import numpy as np
from jaxtyping import Float, Int, Real

from vqax.errors import BadData
from vqax.metrics.checks import check_same_shape
from vqax.metrics.ties import exact_ties


def total_variation(
    first: Float[np.ndarray, "*n a"], second: Float[np.ndarray, "*n a"]
) -> Float[np.ndarray, "*n"]:
    """TVD = ½ Σ_a |p_a - q_a| (equation 9): in [0, 1] of distributions, in [0, a/2] of scores.

    Raises:
        UsageError: the two differ in shape.
    """
    check_same_shape(first=first, second=second)
    return np.abs(first - second).sum(axis=-1) / 2


def ranks(weights: Real[np.ndarray, "n l"]) -> Int[np.ndarray, "n l"]:
    """The rank of each region, 0 to l - 1 by falling weight.

    Raises:
        BadData: a weight is NaN.
    """
    if np.isnan(weights).any():
        raise BadData("weights of regions: NaN has no rank; look at the explanation it came from")
    order = np.argsort(-exact_ties(weights), axis=1, kind="stable")
    return np.argsort(order, axis=1, kind="stable")


def by_rank(
    values: Real[np.ndarray, "n l"], weights: Real[np.ndarray, "n l"]
) -> Float[np.ndarray, "n l"]:
    """``values`` of the regions of each question, those of the highest weight first.

    Raises:
        UsageError: the two differ in shape.
        BadData: a weight is NaN.
    """
    check_same_shape(values=values, weights=weights)
    ordered = np.empty(values.shape, dtype=np.float64)
    np.put_along_axis(ordered, ranks(weights), values.astype(np.float64), axis=1)
    return ordered


def parts_by_rank(weights: Real[np.ndarray, "n l"], parts: int = 10) -> Int[np.ndarray, "n l"]:
    """Which of ``parts`` shares of the regions each one is in, 0 with the highest weights.

    Part k are the ranks r with ⌊r · parts / l⌋ = k: of 36 regions in tenths 3 or 4 each.

    Raises:
        BadData: there are fewer regions than parts.
    """
    if weights.shape[1] < parts:
        raise BadData(
            f"{weights.shape[1]} regions cannot be divided into {parts} parts; ask for fewer parts"
        )
    return ranks(weights) * parts // weights.shape[1]
