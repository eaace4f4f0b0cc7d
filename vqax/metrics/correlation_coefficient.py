"""CC: the linear correlation of two attention maps (Bylinskii et al. 2018, section 4.2)."""

import numpy as np
from jaxtyping import Float, Float64, Real

from vqax.metrics.checks import check_same_shape
from vqax.metrics.ties import varies


def correlation_coefficient(
    maps: Real[np.ndarray, "n h w"], human: Real[np.ndarray, "n h w"]
) -> Float[np.ndarray, "n"]:
    """Pearson's r = cov(P, Q) / (σ_P σ_Q) over the cells of each pair, in [-1, 1].

    P (``maps``) may be signed; r does not change when either map is scaled or shifted. A map that
    is constant but for rounding, or has a NaN, gives NaN.

    Raises:
        UsageError: the two differ in shape.
    """
    check_same_shape(maps=maps, human=human)
    a, b = _centred(maps), _centred(human)
    products = np.einsum("nm,nm->n", a, b)
    norms = np.sqrt(np.einsum("nm,nm->n", a, a) * np.einsum("nm,nm->n", b, b))
    return np.divide(products, norms, out=np.full(len(a), np.nan), where=norms > 0)


def _centred(maps: Real[np.ndarray, "n h w"]) -> Float64[np.ndarray, "n m"]:
    """Values around their mean; of a constant map exactly 0, whatever the mean is rounded to."""
    flat = maps.reshape(len(maps), -1)
    wide = flat.astype(np.float64)
    return np.where(varies(flat)[:, None], wide - wide.mean(axis=1, keepdims=True), 0.0)
