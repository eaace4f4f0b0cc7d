"""Attention maps as distributions over the cells of a grid."""

import numpy as np
from jaxtyping import Float64, Real

EPSILON = 2.0**-52
"""What keeps a logarithm finite where a map is 0: as in the code of the MIT saliency benchmark."""


def as_density(maps: Real[np.ndarray, "n h w"]) -> Float64[np.ndarray, "n m"]:
    """Each map as a row that sums to 1, negative values set to 0 (ReLU) before.

    A map without positive values, or with a NaN, gives a row of NaN.
    """
    positive = np.maximum(maps.reshape(len(maps), -1), 0).astype(np.float64)
    total = positive.sum(axis=1, keepdims=True)
    return np.divide(positive, total, out=np.full_like(positive, np.nan), where=total > 0)
