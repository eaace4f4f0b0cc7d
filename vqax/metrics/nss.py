"""NSS: how far above its mean a map is where people fixated (Peters et al. 2005)."""

import numpy as np
from jaxtyping import Float, Real

from vqax.metrics.checks import check_same_shape
from vqax.metrics.ties import varies


def normalised_scanpath_saliency(
    maps: Real[np.ndarray, "n h w"], fixations: Real[np.ndarray, "n h w"]
) -> Float[np.ndarray, "n"]:
    """NSS = Σ_i F_i (P_i - P̄) / σ_P / Σ_i F_i, in standard deviations of the map; 0 is chance.

    P (``maps``) may be signed, P̄ and σ_P are its mean and (population) deviation over the cells;
    F (``fixations``) are counts or 0 and 1. The MATLAB code divides by the deviation of a sample,
    which differs by √(m / (m - 1)) of m cells. A map that is constant but for rounding, one with
    a NaN, or no fixation gives NaN.

    Raises:
        UsageError: the two differ in shape.
    """
    check_same_shape(maps=maps, fixations=fixations)
    flat = maps.reshape(len(maps), -1).astype(np.float64)
    weights = fixations.reshape(len(maps), -1).astype(np.float64)
    usable = varies(maps.reshape(len(maps), -1))
    spread = np.where(usable, flat.std(axis=1), 0) * weights.sum(axis=1)
    heights = np.einsum("nm,nm->n", weights, flat - flat.mean(axis=1, keepdims=True))
    return np.divide(heights, spread, out=np.full(len(flat), np.nan), where=spread > 0)
