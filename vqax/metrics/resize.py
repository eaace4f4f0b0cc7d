"""Bring maps of any size to one grid before they are compared."""

from functools import lru_cache

import numpy as np
from jaxtyping import Float, Float32, Float64, Real

GRID = (14, 14)  # of VQA-HAT's protocol (Das et al. 2016)


def resize_area(
    maps: Real[np.ndarray, "*n h w"], size: tuple[int, int] = GRID
) -> Float32[np.ndarray, "*n h2 w2"]:
    """Average each map over the (fractional) area that a cell of the new grid covers.

    The exact box filter, for shrinking and enlarging alike; the mean of a map is kept. Values
    are computed in double and rounded to single precision on purpose: a flat region must stay
    exactly flat, or its rounding noise would become ranks.
    """
    h, w = maps.shape[-2:]
    if h % size[0] == 0 and w % size[1] == 0:  # whole cells: a plain mean
        tiles = maps.reshape(*maps.shape[:-2], size[0], h // size[0], size[1], w // size[1])
        return tiles.mean(axis=(-3, -1), dtype=np.float64).astype(np.float32)
    rows, columns = _overlaps(h, size[0]), _overlaps(w, size[1])
    return (rows @ maps.astype(np.float64) @ columns.T).astype(np.float32)


def rectify(maps: Float[np.ndarray, "*n h w"]) -> Float[np.ndarray, "*n h w"]:
    """Keep what speaks for the answer: ReLU, the last step of the published Grad-CAM."""
    return np.maximum(maps, 0)


@lru_cache(maxsize=64)
def _overlaps(old: int, new: int) -> Float64[np.ndarray, "new old"]:
    """Row i: the share of new cell i, [i·old/new, (i+1)·old/new), that each old cell fills."""
    edges = np.arange(new + 1) * (old / new)
    left = np.maximum(edges[:-1, None], np.arange(old))
    right = np.minimum(edges[1:, None], np.arange(1, old + 1))
    shares = np.maximum(right - left, 0)
    return shares / shares.sum(axis=1, keepdims=True)
