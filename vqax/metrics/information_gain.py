"""Information gain: what a map tells of fixations beyond a baseline (Kümmerer et al. 2015)."""

import numpy as np
from jaxtyping import Float, Real

from vqax.metrics.checks import check_same_shape
from vqax.metrics.density import EPSILON, as_density


def information_gain(
    maps: Real[np.ndarray, "n h w"],
    fixations: Real[np.ndarray, "n h w"],
    baseline: Real[np.ndarray, "n h w"],
) -> Float[np.ndarray, "n"]:
    """IG = Σ_i F_i [log₂(ε + P_i) - log₂(ε + B_i)] / Σ_i F_i, in bits per fixation.

    P (``maps``) and B (``baseline``, an image-blind map such as the mean human map of other images)
    are distributions over the cells (``as_density``), F counts of fixations or 0 and 1, ε is 2⁻⁵².
    0 is what the baseline knows; a map that is 0 at a fixation loses up to 52 bits there. NaN where
    a map has no positive value, holds a NaN, or there is no fixation.

    Raises:
        UsageError: the three differ in shape.
    """
    check_same_shape(maps=maps, fixations=fixations, baseline=baseline)
    weights = fixations.reshape(len(maps), -1).astype(np.float64)
    gains = np.log2(EPSILON + as_density(maps)) - np.log2(EPSILON + as_density(baseline))
    total = weights.sum(axis=1)
    gained = np.einsum("nm,nm->n", weights, gains)
    return np.divide(gained, total, out=np.full(len(total), np.nan), where=total > 0)
