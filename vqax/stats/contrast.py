"""What a claim is tested with: a number that is above 0 where the claim is right.

Every interval is a percentile bootstrap that draws clusters (say, images) whole, because
questions about one image are not independent.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy  # its statistics are imported when first used
from jaxtyping import Float, Shaped

from vqax.metrics.calibration import misclassification_auroc
from vqax.metrics.checks import check_one_each
from vqax.metrics.rank_correlation import rank_correlation
from vqax.metrics.ties import right_answers, without_rounding
from vqax.stats.bootstrap import ClusterRows, paired_bootstrap

Values = Float[np.ndarray, "n"]
Clusters = Shaped[np.ndarray, "n"]


class Contrast(NamedTuple):
    """An estimate that supports the claim where it is positive, with its interval.

    ``n`` counts the questions (blocks for mean ranks), ``p`` is two-sided.
    """

    value: float
    low: float
    high: float
    n: int
    p: float


def mean_contrast(
    larger: Values, smaller: Values, *, clusters: Clusters, samples: int, seed: int
) -> Contrast:
    """Mean of larger - smaller; row i of both is one question. Rows with a NaN are left out."""
    return Contrast(
        *paired_bootstrap(larger, smaller, clusters=clusters, samples=samples, seed=seed)
    )


def either_sign(
    first: Values, second: Values, *, clusters: Clusters, samples: int, seed: int
) -> Contrast:
    """The size of the mean difference, whichever way it goes; its interval keeps its width."""
    found = mean_contrast(first, second, clusters=clusters, samples=samples, seed=seed)
    if found.value < 0:
        return Contrast(-found.value, -found.high, -found.low, found.n, found.p)
    return found


def unpaired_contrast(
    larger: Float[np.ndarray, "m"], smaller: Float[np.ndarray, "n"], *, samples: int, seed: int
) -> Contrast:
    """Mean of ``larger`` minus mean of ``smaller`` over different questions or images.

    Both are drawn anew, by themselves; ``n`` counts both. p as in ``paired_bootstrap``.
    """
    rng = np.random.default_rng(seed)
    draws = np.array(
        [
            difference_of_means(rng.choice(larger, len(larger)), rng.choice(smaller, len(smaller)))
            for _ in range(samples)
        ]
    )
    low, high = np.quantile(draws, [0.025, 0.975])
    tail = min((draws <= 0).sum(), (draws >= 0).sum()) + 1
    p = float(min(1.0, 2 * tail / (samples + 1)))
    value = difference_of_means(larger, smaller)
    return Contrast(value, float(low), float(high), len(larger) + len(smaller), p)


def statistic_contrast(
    statistic: Callable[..., float],
    *columns: Values,
    clusters: Clusters,
    samples: int,
    seed: int,
    level: float = 0.95,
) -> Contrast:
    """``statistic(*columns)`` of the whole sample: a correlation, a difference of variances.

    p as in ``paired_bootstrap``. Rows with a NaN are left out, and so are resamples where the
    statistic is NaN; without any other, or without rows, the interval is NaN.

    Raises:
        UsageError: columns and clusters differ in length.
    """
    given = {f"values of column {number}": column for number, column in enumerate(columns, 1)}
    check_one_each(**given, clusters=clusters)
    valid = ~np.isnan(columns).any(axis=0)
    kept = [column[valid] for column in columns]
    n = int(valid.sum())
    value = float(statistic(*kept)) if n else float("nan")
    rows = ClusterRows(clusters[valid], np.random.default_rng(seed))
    drawn = (rows.draw() for _ in range(samples if n else 0))
    draws = np.array([statistic(*(column[r] for column in kept)) for r in drawn])
    draws = draws[~np.isnan(draws)]
    if np.isnan(value) or draws.size == 0:
        return Contrast(value, float("nan"), float("nan"), n, float("nan"))
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    tail = min((draws <= 0).sum(), (draws >= 0).sum()) + 1
    p = min(1.0, 2 * tail / (len(draws) + 1))
    return Contrast(value, float(low), float(high), n, float(p))


def rank_contrast(best: float, other: float, *, k: int, blocks: int, cd: float) -> Contrast:
    """Mean rank of ``other`` minus that of ``best`` (1 is first), ± the critical difference.

    The interval lies above 0 exactly where Nemenyi's test tells the two of k methods apart in
    favour of ``best``; it allows for all pairs at once. p as in ``vqax.stats.nemenyi``.
    """
    value = other - best
    q = abs(value) * np.sqrt(12 * blocks / (k * (k + 1)))
    p = float(scipy.stats.studentized_range.sf(q, k, np.inf))
    return Contrast(value, value - cd, value + cd, blocks, p)


def gain_contrast(
    a: Values, b: Values, c: Values, d: Values, *, clusters: Clusters, samples: int, seed: int
) -> Contrast:
    """Mean of (a - b) - (c - d): one gain is larger than another."""
    gains = without_rounding(a - b, a, b), without_rounding(c - d, c, d)
    return mean_contrast(*gains, clusters=clusters, samples=samples, seed=seed)


def difference_of_means(larger: Float[np.ndarray, "m"], smaller: Float[np.ndarray, "n"]) -> float:
    """Mean of ``larger`` minus mean of ``smaller``, 0 where they differ by rounding only."""
    return _difference(larger.mean(), smaller.mean())


def spread_difference(larger: Values, smaller: Values) -> float:
    """Variance over the questions of ``larger`` minus that of ``smaller``."""
    return _difference(larger.var(), smaller.var())


def correlation(x: Values, y: Values) -> float:
    """Spearman's ρ in [-1, 1]; NaN where one of the two is constant."""
    return float(rank_correlation(x[None, None], y[None, None])[0])


def separation(uncertainty: Values, accuracy: Values) -> float:
    """AUROC of errors - ½, in [-½, ½]: are wrong answers (accuracy < ½) more uncertain?"""
    return misclassification_auroc(uncertainty, right_answers(accuracy)) - 0.5


def rate_difference(hits_a: Values, of_a: Values, hits_b: Values, of_b: Values) -> float:
    """Σ hits_a / Σ of_a - Σ hits_b / Σ of_b over the questions; NaN where there are none."""
    a, b = of_a.sum(), of_b.sum()
    return _difference(hits_a.sum() / a, hits_b.sum() / b) if a > 0 and b > 0 else float("nan")


def mean_of_both(difference: Values, of_first: Values) -> float:
    """Half the sum of the mean differences on two sets; NaN where one of them has no question.

    ``of_first`` is 1 for a question of the first set and 0 for one of the second. Drawing images
    whole keeps what the sets have in common: their images, and some of their questions.
    """
    first = of_first > 0
    if first.all() or not first.any():
        return float("nan")
    return _difference(difference[first].mean(), -difference[~first].mean()) / 2


def _difference(larger: float, smaller: float) -> float:
    terms = np.float64(larger), np.float64(smaller)
    return float(without_rounding(terms[0] - terms[1], *terms))
