"""Earth mover's distance between attention maps: over the image, and over values only.

U-CAM's Table IV prints an "EMD" near .37-.40 without defining it; the code of the same
laboratory calls a one-dimensional EMD of value histograms. Both readings are here, named apart.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import numpy as np
from jaxtyping import Float, Float64, Real

from vqax.metrics.checks import check_same_shape
from vqax.metrics.density import as_density
from vqax.metrics.ties import rounding


def spatial_emd(
    a: Real[np.ndarray, "n h w"], b: Real[np.ndarray, "n h w"], *, workers: int = 1
) -> Float[np.ndarray, "n"]:
    """Least mass times distance that turns map ``a`` into map ``b`` (Rubner et al. 2000).

    Negative values are set to 0 (ReLU), then each map is scaled to sum 1. The distance is
    Euclidean between cell centres, in fractions of the grid's diagonal √(h² + w²): 0 is equal,
    and 1 is never reached. A map without positive values, or with a NaN, gives NaN.
    ``workers`` threads share the pairs (POT releases the interpreter lock).

    Raises:
        UsageError: the two differ in shape.
    """
    check_same_shape(a=a, b=b)
    distances = _cell_distances(*a.shape[1:])
    pairs = as_density(a), as_density(b), repeat(distances)
    if workers == 1:
        return np.fromiter(map(_cost, *pairs), np.float64)
    with ThreadPoolExecutor(workers) as pool:
        return np.fromiter(pool.map(_cost, *pairs), np.float64)


def histogram_emd(
    a: Real[np.ndarray, "n h w"], b: Real[np.ndarray, "n h w"]
) -> Float[np.ndarray, "n"]:
    """One-dimensional EMD between the values of two maps, wherever they stand, in [0, 1].

    Each map is scaled to [0, 1] by its minimum and maximum; W₁ = mean |a₍ᵢ₎ - b₍ᵢ₎| of the
    sorted values, which is ``scipy.stats.wasserstein_distance``. A map that is constant but for
    rounding gives NaN.

    Raises:
        UsageError: the two differ in shape.
    """
    check_same_shape(a=a, b=b)
    return np.abs(_sorted_unit_values(a) - _sorted_unit_values(b)).mean(axis=1)


def _cell_distances(h: int, w: int) -> Float64[np.ndarray, "m m"]:
    rows, columns = np.indices((h, w)).reshape(2, h * w)
    down, right = np.subtract.outer(rows, rows), np.subtract.outer(columns, columns)
    return np.hypot(down, right) / np.hypot(h, w)


def _cost(
    p: Float64[np.ndarray, "m"], q: Float64[np.ndarray, "m"], distances: Float64[np.ndarray, "m m"]
) -> float:
    """Solve one pair. Mass that both maps hold in a cell can stay (the distance is a metric),
    so only the differences are moved, which is the same cost from a smaller problem.
    """
    import ot  # late, because it imports torch, which no other metric needs

    surplus = p - q
    if np.isnan(surplus).any():
        return float("nan")
    gives, takes = surplus > 0, surplus < 0
    moved = surplus[gives].sum()
    if moved == 0 or not takes.any():
        return 0.0
    supply, demand = surplus[gives] / moved, surplus[takes] / surplus[takes].sum()
    return float(moved * ot.emd2(supply, demand, distances[np.ix_(gives, takes)]))


def _sorted_unit_values(maps: Real[np.ndarray, "n h w"]) -> Float64[np.ndarray, "n m"]:
    values = np.sort(maps.reshape(len(maps), -1).astype(np.float64), axis=1)
    low, high = values[:, :1], values[:, -1:]
    some = high - low > rounding(maps) * np.maximum(abs(low), abs(high))
    return np.divide(values - low, high - low, out=np.full_like(values, np.nan), where=some)
