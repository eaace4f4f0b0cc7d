"""Human attention: what is measured between a map and those of people, one line a metric.

A metric compares a map either with a human map (a density) or with fixations (counts over cells).
Some need a third array: what is known without the image.
"""

import math
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

import numpy as np

from vqax.metrics.auc_judd import auc_judd
from vqax.metrics.correlation_coefficient import correlation_coefficient
from vqax.metrics.emd import histogram_emd, spatial_emd
from vqax.metrics.information_gain import information_gain
from vqax.metrics.kl_divergence import kl_divergence
from vqax.metrics.nss import normalised_scanpath_saliency
from vqax.metrics.rank_correlation import rank_correlation
from vqax.metrics.resize import GRID
from vqax.metrics.resizing import Resizing
from vqax.metrics.shuffled_auc import shuffled_auc
from vqax.metrics.similarity import similarity

HAT = Resizing("area", GRID)
"""The protocol of VQA-HAT: means over the cells of a 14×14 grid."""
FINE = Resizing("bilinear", (64, 64))
"""Fine enough for the spread of a fixation (1/32 of the width), the same for images of any size."""


class AlignmentMetric(NamedTuple):
    """A measure of alignment with human attention.

    ``compute(maps (n,h,w), target (n,h,w)[, third (n,h,w)]) -> (n,)``, where the target is human
    maps or fixations and the third array ``given``: fixations on other images, or the mean human
    map of other images. ``resizing`` brings both sides to one grid before.
    """

    compute: Callable[..., np.ndarray]
    unit: str
    direction: Literal["higher", "lower"]
    resizing: Resizing
    target: Literal["human_map", "fixations"]
    given: Literal["", "other_fixations", "mean_human_map"]
    formula: str
    source: str

    def best(self, values: Iterable[float]) -> float:
        """The best of the values that are no NaN; NaN if there is none."""
        defined = [value for value in values if not math.isnan(value)]
        if not defined:
            return math.nan
        return max(defined) if self.direction == "higher" else min(defined)


ALIGNMENT_METRICS: dict[str, AlignmentMetric] = {
    "rank_correlation": AlignmentMetric(
        rank_correlation, "Spearman's rho", "higher", HAT, "human_map", "",
        "Pearson's r of the average ranks of P and Q", "Das et al. 2016",
    ),
    "emd": AlignmentMetric(
        spatial_emd, "fraction of the grid diagonal", "lower", HAT, "human_map", "",
        "least Σ mass · distance that turns P into Q", "Rubner et al. 2000",
    ),
    "histogram_emd": AlignmentMetric(
        histogram_emd, "fraction of the value range", "lower", HAT, "human_map", "",
        "mean |P₍ᵢ₎ - Q₍ᵢ₎| of the sorted values, of 0 to 1", "Patro et al. 2019 (code)",
    ),
    "cc": AlignmentMetric(
        correlation_coefficient, "Pearson's r", "higher", FINE, "human_map", "",
        "cov(P, Q) / (σ_P σ_Q)", "Bylinskii et al. 2018",
    ),
    "kl": AlignmentMetric(
        kl_divergence, "nats", "lower", FINE, "human_map", "",
        "Σ Q log(ε + Q / (P + ε))", "Bylinskii et al. 2018",
    ),
    "sim": AlignmentMetric(
        similarity, "fraction", "higher", FINE, "human_map", "",
        "Σ min(P, Q)", "Judd et al. 2012",
    ),
    "nss": AlignmentMetric(
        normalised_scanpath_saliency, "standard deviations", "higher", FINE, "fixations", "",
        "mean of (P - mean P) / σ_P at the fixations", "Peters et al. 2005",
    ),
    "auc_judd": AlignmentMetric(
        auc_judd, "probability", "higher", FINE, "fixations", "",
        "area under ROC, fixated cells against all others", "Judd et al. 2009",
    ),
    "shuffled_auc": AlignmentMetric(
        shuffled_auc, "probability", "higher", FINE, "fixations", "other_fixations",
        "area under ROC, fixations against those on other images", "Zhang et al. 2008",
    ),
    "information_gain": AlignmentMetric(
        information_gain, "bits per fixation", "higher", FINE, "fixations", "mean_human_map",
        "mean of log₂(ε + P) - log₂(ε + B) at the fixations", "Kümmerer et al. 2015",
    ),
}  # fmt: skip
