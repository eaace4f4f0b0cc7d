"""Two conditions of the same images and trainings: differences, p-values, effect sizes."""

from collections.abc import Iterator

import numpy as np
import scipy  # its statistics are imported when first used

from studies.edl.metric_rows import Row, Values, number, of_level
from vqax.metrics.ties import exact_ties, without_rounding
from vqax.stats.effect import rank_biserial
from vqax.stats.one_method import mean_level

MEASURES = ("dice", "iou", "centroid_distance", "object_emd", "uncertainty")


def compared(experiment: str, row: str, first: Values, second: Values) -> Iterator[Row]:
    """Of each measure: second - first, its p, and the rank-biserial effect size.

    Both conditions are seen by the same trainings, so the difference is per training and image;
    its interval and p allow for other trainings and other images. ``by_seed`` of p is that of
    Wilcoxon's signed ranks over the images of one training: a p such as the paper prints, which
    does not name its test. Positive effects say that the second is larger.
    """
    for metric in MEASURES:
        a, b = first[metric].astype(np.float64), second[metric].astype(np.float64)
        gap = mean_level(without_rounding(b - a, a, b))
        yield p_value(experiment, row, f"p_{metric}", a, b)
        yield of_level(experiment, row, f"{metric}_difference", gap)
        effects = [rank_biserial(*_both(y, x)) for x, y in zip(a, b, strict=True)]
        mean = float(np.mean(effects))
        yield number(experiment, row, f"{metric}_effect", mean, gap.n, effects)


def p_value(experiment: str, row: str, metric: str, a: np.ndarray, b: np.ndarray) -> Row:
    """p of "no difference" over trainings and images; beside it those of each training alone."""
    gap = mean_level(without_rounding(b - a, a, b))
    alone = [signed_rank_p(*_both(x, y)) for x, y in zip(a, b, strict=True)]
    return number(experiment, row, metric, gap.p, gap.n, alone)


def _both(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The images that have a value under both conditions."""
    known = ~np.isnan(x + y)
    return x[known], y[known]


def signed_rank_p(a: np.ndarray, b: np.ndarray) -> float:
    """Two-sided, by the normal approximation; 1 where no pair differs, but for rounding."""
    difference = without_rounding(a - b, a, b)
    if not difference.any():
        return 1.0
    tied = np.sign(difference) * exact_ties(np.abs(difference))
    return float(scipy.stats.wilcoxon(tied, method="approx").pvalue)
