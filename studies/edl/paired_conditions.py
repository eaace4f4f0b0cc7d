"""Two conditions of the same images against each other: p-values, differences, effect sizes."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import scipy  # its statistics are imported when first used

from project.params import Params
from studies.edl.metric_rows import Row, number, of_interval
from vqax.metrics.ties import exact_ties, without_rounding
from vqax.stats.bootstrap import Interval, paired_bootstrap
from vqax.stats.effect import rank_biserial

MEASURES = ("dice", "iou", "centroid_distance", "object_emd", "uncertainty")


def compared(
    params: Params, experiment: str, row: str, first: pd.DataFrame, second: pd.DataFrame
) -> Iterator[Row]:
    """Of each measure: p (Wilcoxon's signed ranks), second - first, rank-biserial effect size.

    Positive effects say that the second is larger. EDL does not name its test.
    """
    for metric in MEASURES:
        a, b = (table[metric].to_numpy(np.float64) for table in (first, second))
        both = ~np.isnan(a + b)
        a, b = a[both], b[both]
        draws = {"samples": params.score.resamples, "seed": params.seed}
        gap = paired_bootstrap(b, a, **draws)
        yield number(experiment, row, f"p_{metric}", signed_rank_p(a, b), gap.n)
        interval = Interval(gap.value, gap.low, gap.high, gap.n)
        yield of_interval(experiment, row, f"{metric}_difference", interval)
        yield number(experiment, row, f"{metric}_effect", rank_biserial(b, a), gap.n)


def signed_rank_p(a: np.ndarray, b: np.ndarray) -> float:
    """Two-sided, by the normal approximation; 1 where no pair differs, but for rounding."""
    difference = without_rounding(a - b, a, b)
    if not difference.any():
        return 1.0
    tied = np.sign(difference) * exact_ties(np.abs(difference))
    return float(scipy.stats.wilcoxon(tied, method="approx").pvalue)
