"""Spearman's rank correlation of attention maps with human attention (Das et al. 2016, VQA-HAT)."""

import numpy as np
from jaxtyping import Float, Real

from vqax.metrics.checks import check_same_shape
from vqax.metrics.ties import parted


def average_ranks(values: Real[np.ndarray, "n m"]) -> Float[np.ndarray, "n m"]:
    """Rank every row from 1; tied values, equal but for rounding, share the mean of their ranks.

    Equal to ``scipy.stats.rankdata(exact_ties(values), axis=1)``, written for many short rows:
    they are sorted, and each run of ties gets the mean of the places it occupies.
    """
    n, m = values.shape
    if m == 0:
        return np.empty((n, 0))
    order = (np.argsort(values, axis=1) + np.arange(0, n * m, m)[:, None]).ravel()
    ordered = values.ravel()[order]
    starts_run = np.ones(n * m, dtype=bool)
    starts_run[1:] = parted(ordered[:-1], ordered[1:])
    starts_run[::m] = True
    starts = np.flatnonzero(starts_run)
    lengths = np.diff(starts, append=n * m)
    ranks = np.empty(n * m)
    ranks[order] = np.repeat(starts % m + (lengths + 1) / 2, lengths)
    return ranks.reshape(n, m)


def rank_correlation(
    maps: Real[np.ndarray, "n h w"], human: Real[np.ndarray, "n h w"]
) -> Float[np.ndarray, "n"]:
    """Spearman's ρ of each pair of maps, in [-1, 1].

    ρ = Σ(r - r̄)(s - s̄) / √(Σ(r - r̄)² Σ(s - s̄)²) with average ranks r, s over the h·w cells.
    A map that is constant but for rounding, or has a NaN, has no ranks to correlate: NaN, for the
    caller to count. Maps are taken as they are; bring both to one grid with ``resize_area``
    before, and pass Grad-CAM maps through ``rectify`` where the published (non-negative) map is
    meant.

    Raises:
        UsageError: the two differ in shape.
    """
    check_same_shape(maps=maps, human=human)
    return _pearson(_centred_ranks(maps), _centred_ranks(human))


def _centred_ranks(maps: Real[np.ndarray, "n h w"]) -> Float[np.ndarray, "n m"]:
    n, h, w = maps.shape
    flat = maps.reshape(n, h * w)
    ranks = average_ranks(flat) - (h * w + 1) / 2
    ranks[np.isnan(flat).any(axis=1)] = np.nan
    return ranks


def _pearson(a: Float[np.ndarray, "n m"], b: Float[np.ndarray, "n m"]) -> Float[np.ndarray, "n"]:
    norms = np.sqrt(np.einsum("nm,nm->n", a, a) * np.einsum("nm,nm->n", b, b))
    products = np.einsum("nm,nm->n", a, b)
    return np.divide(products, norms, out=np.full(len(a), np.nan), where=norms > 0)
