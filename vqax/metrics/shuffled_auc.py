"""Shuffled AUC: as AUC, but looking at the centre earns nothing (Zhang et al. 2008)."""

import numpy as np
from jaxtyping import Float, Real

from vqax.metrics.checks import check_same_shape
from vqax.metrics.roc import weighted_auc
from vqax.metrics.ties import exact_ties


def shuffled_auc(
    maps: Real[np.ndarray, "n h w"],
    fixations: Real[np.ndarray, "n h w"],
    other_fixations: Real[np.ndarray, "n h w"],
) -> Float[np.ndarray, "n"]:
    """The area under the ROC curve of fixations against those of other images; .5 is chance.

    Both are counts over the cells, or 0 and 1. The published codes draw as many of the other
    fixations as there are own ones and average over draws; here all of them are negatives with
    their weight, which is what that average tends to. NaN as in ``auc_judd``, and where there is
    no other fixation.

    Raises:
        UsageError: the three differ in shape.
    """
    check_same_shape(maps=maps, fixations=fixations, other_fixations=other_fixations)
    flat = exact_ties(maps.reshape(len(maps), -1)).astype(np.float64)
    own, other = (
        part.reshape(len(maps), -1).astype(float) for part in (fixations, other_fixations)
    )
    return np.array([weighted_auc(*row) for row in zip(flat, own, other, strict=True)])
