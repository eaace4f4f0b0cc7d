"""Which cells people looked at, where there is a map and no list of fixations."""

import numpy as np
from jaxtyping import Float64, Real

from vqax.metrics.ties import exact_ties

SHARE = 0.2
"""Of the cells that count as fixated; a mask with more of them counts whole."""


def fixated(human: Real[np.ndarray, "n h w"], share: float = SHARE) -> Float64[np.ndarray, "n h w"]:
    """1 where a human map is above its (1 - share) quantile, else 0.

    Where that quantile is the map's highest value, as in a mask that covers more than ``share`` of
    the image, the cells with this value are fixated. Zeros are not, unless the map is constant.
    A map with a NaN stays NaN.
    """
    flat = exact_ties(human.reshape(len(human), -1))
    broken = np.isnan(flat).any(axis=1)
    quantile = np.quantile(np.where(broken[:, None], 0, flat), 1 - share, axis=1, keepdims=True)
    highest = flat.max(axis=1, keepdims=True)
    cells = np.where(quantile < highest, flat > quantile, flat == highest).astype(np.float64)
    cells[broken] = np.nan
    return cells.reshape(human.shape)
