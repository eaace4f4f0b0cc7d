"""Percentile bootstrap: 95 % intervals of means, of paired differences, of any statistic."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

from vqax.metrics.checks import check_one_each
from vqax.metrics.ties import without_rounding

DRAWS_AT_ONCE = 4_000_000  # bounds the memory of a resampling step to about 64 MB


class Interval(NamedTuple):
    """An estimate with its bootstrap interval; ``n`` counts the values that are not NaN."""

    value: float
    low: float
    high: float
    n: int


class Difference(NamedTuple):
    """Mean of a - b with its interval, the questions both have, and a two-sided p."""

    value: float
    low: float
    high: float
    n: int
    p: float


def bootstrap_mean(
    values: Float[np.ndarray, "n"],
    *,
    samples: int = 2000,
    seed: int,
    clusters: Shaped[np.ndarray, "n"] | None = None,
    level: float = 0.95,
) -> Interval:
    """The mean and its percentile interval (Efron and Tibshirani 1993); NaNs are left out.

    ``clusters`` (say, the image of each question) are drawn whole, because questions about one
    image are not independent. Without a value everything is NaN and n = 0.
    """
    return _bootstrap(values, clusters, samples, seed, level)[0]


def bootstrap_mean_of_means(
    *parts: tuple[Float[np.ndarray, "_"], Shaped[np.ndarray, "_"]],
    samples: int = 2000,
    seed: int,
    level: float = 0.95,
) -> Interval:
    """The mean of the means of several samples, given as (values, clusters), and its interval.

    A cluster that several samples have (an image that two sets of questions are about) is drawn
    for all of them at once. NaNs are left out, and so are resamples that leave a sample empty;
    ``n`` counts the values of all samples. A sample without a value makes everything NaN.

    Raises:
        UsageError: values and clusters of a sample differ in length.
    """
    for values, clusters in parts:
        check_one_each(values=values, clusters=clusters)
    kept = [(values[~np.isnan(values)], clusters[~np.isnan(values)]) for values, clusters in parts]
    n = sum(len(values) for values, _ in kept)
    if not all(len(values) for values, _ in kept):
        return Interval(float("nan"), float("nan"), float("nan"), n)
    names, group = np.unique(np.concatenate([one for _, one in kept]), return_inverse=True)
    groups = np.split(group, np.cumsum([len(values) for values, _ in kept])[:-1])
    sums = [np.bincount(g, v, len(names)) for g, (v, _) in zip(groups, kept, strict=True)]
    counts = [np.bincount(g, minlength=len(names)) for g in groups]
    rng, means = np.random.default_rng(seed), []
    with np.errstate(invalid="ignore"):  # 0 / 0, a sample that a resample leaves empty
        for rows in _draws(rng, names, samples):
            pairs = zip(sums, counts, strict=True)
            means.append(np.mean([s[rows].sum(1) / c[rows].sum(1) for s, c in pairs], axis=0))
    drawn = np.concatenate(means)
    value = float(np.mean([values.mean() for values, _ in kept]))
    return Interval(value, *_percentiles(drawn[~np.isnan(drawn)], level), n)


def paired_bootstrap(
    a: Float[np.ndarray, "n"],
    b: Float[np.ndarray, "n"],
    *,
    samples: int = 2000,
    seed: int,
    clusters: Shaped[np.ndarray, "n"] | None = None,
    level: float = 0.95,
) -> Difference:
    """Mean of a - b over the questions where both have a value (row i is the same question).

    p = 2 min(#{d* ≤ 0} + 1, #{d* ≥ 0} + 1) / (samples + 1), at most 1: the share of resampled
    differences on the other side of 0, never 0 itself. What is 0 but for rounding is 0.

    Raises:
        UsageError: a, b and clusters differ in length.
    """
    check_one_each(a=a, b=b)
    difference = without_rounding(a - b, a, b)
    interval, means = _bootstrap(difference, clusters, samples, seed, level)
    if interval.n == 0:
        return Difference(*interval, float("nan"))
    tail = min((means <= 0).sum(), (means >= 0).sum()) + 1
    return Difference(*interval, float(min(1.0, 2 * tail / (samples + 1))))


class ClusterRows:
    """Draws row numbers, the rows of a cluster together."""

    def __init__(self, clusters: Shaped[np.ndarray, "n"], rng: np.random.Generator) -> None:
        self.order = np.argsort(clusters, kind="stable")
        _, self.sizes = np.unique(clusters, return_counts=True)
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.rng = rng

    def draw(self) -> Int[np.ndarray, "_"]:
        chosen = self.rng.integers(0, len(self.sizes), len(self.sizes))
        sizes = self.sizes[chosen]
        shift = self.starts[chosen] - (np.cumsum(sizes) - sizes)
        return self.order[np.arange(sizes.sum()) + np.repeat(shift, sizes)]


def bootstrap_statistic(
    statistic: Callable[..., float],
    *columns: Shaped[np.ndarray, "n"],
    samples: int = 2000,
    seed: int,
    clusters: Shaped[np.ndarray, "n"] | None = None,
    level: float = 0.95,
) -> Interval:
    """The interval of ``statistic(*columns)`` when rows are drawn; for AUROC, ECE and the like.

    ``clusters`` are drawn whole, as in ``bootstrap_mean``. Resamples where the statistic is NaN
    (one class only) are left out of the percentiles.

    Raises:
        UsageError: columns and clusters differ in length.
    """
    _check_rows(*columns, clusters=clusters)
    n = len(columns[0])
    value = statistic(*columns)
    rng = np.random.default_rng(seed)
    drawn = ClusterRows(np.arange(n) if clusters is None else clusters, rng)
    rows = (drawn.draw() for _ in range(samples if n else 0))
    draws = np.array([statistic(*(column[r] for column in columns)) for r in rows])
    draws = draws[~np.isnan(draws)]
    if np.isnan(value) or draws.size == 0:
        return Interval(float("nan"), float("nan"), float("nan"), n)
    return Interval(float(value), *_percentiles(draws, level), n)


def _bootstrap(
    values: Float[np.ndarray, "n"],
    clusters: Shaped[np.ndarray, "n"] | None,
    samples: int,
    seed: int,
    level: float,
) -> tuple[Interval, Float[np.ndarray, "_"]]:
    """The interval of the mean, and the resampled means it was read from."""
    _check_rows(values, clusters=clusters)
    valid = ~np.isnan(values)
    kept, n = values[valid].astype(np.float64), int(valid.sum())
    if n == 0:
        return Interval(float("nan"), float("nan"), float("nan"), 0), np.empty(0)
    groups = None if clusters is None else clusters[valid]
    largest = np.abs(kept).max()
    means = without_rounding(_resampled_means(kept, groups, samples, seed), largest)
    value = float(without_rounding(kept.mean(), largest))
    return Interval(value, *_percentiles(means, level), n), means


def _check_rows(
    *columns: Shaped[np.ndarray, "_"], clusters: Shaped[np.ndarray, "_"] | None
) -> None:
    given = {f"values of column {number}": column for number, column in enumerate(columns, 1)}
    check_one_each(**given, **({} if clusters is None else {"clusters": clusters}))


def _resampled_means(
    values: Float[np.ndarray, "n"],
    clusters: Shaped[np.ndarray, "n"] | None,
    samples: int,
    seed: int,
) -> Float[np.ndarray, "samples"]:
    """Means of ``samples`` resamples; a resample of clusters is a ratio of sums and counts."""
    rng = np.random.default_rng(seed)
    if clusters is None:
        return np.concatenate([values[rows].mean(axis=1) for rows in _draws(rng, values, samples)])
    _, group = np.unique(clusters, return_inverse=True)
    sums, counts = np.bincount(group, values), np.bincount(group)
    draws = _draws(rng, sums, samples)
    return np.concatenate([sums[rows].sum(axis=1) / counts[rows].sum(axis=1) for rows in draws])


def _draws(
    rng: np.random.Generator, units: Shaped[np.ndarray, "n"], samples: int
) -> Iterator[Int[np.ndarray, "_ n"]]:
    step = max(1, DRAWS_AT_ONCE // len(units))
    for start in range(0, samples, step):
        yield rng.integers(0, len(units), (min(step, samples - start), len(units)))


def _percentiles(draws: Float[np.ndarray, "_"], level: float) -> tuple[float, float]:
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
