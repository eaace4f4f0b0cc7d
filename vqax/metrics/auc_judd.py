"""AUC-Judd: does a map tell fixated cells from all others? (Judd et al. 2009.)"""

import numpy as np
from jaxtyping import Float, Real

from vqax.metrics.checks import check_same_shape
from vqax.metrics.roc import weighted_auc
from vqax.metrics.ties import exact_ties


def auc_judd(
    maps: Real[np.ndarray, "n h w"], fixations: Real[np.ndarray, "n h w"]
) -> Float[np.ndarray, "n"]:
    """The area under the ROC curve, in [0, 1]; .5 is chance.

    Positives are the cells with a fixation, each as often as it has some (``fixations`` are counts
    or 0 and 1), negatives all cells without one. The published code has thresholds at fixated
    values only and joins them by straight lines, which adds up to 1 / (2 fixations); here the
    area is exact, and values that are equal but for rounding count half. A constant map, or one
    with a NaN, gives NaN, and so do fixations nowhere or everywhere.

    Raises:
        UsageError: the two differ in shape.
    """
    check_same_shape(maps=maps, fixations=fixations)
    flat = exact_ties(maps.reshape(len(maps), -1)).astype(np.float64)
    visual_input = fixations.reshape(len(maps), -1).astype(np.float64)
    return np.array(
        [
            weighted_auc(m, f, (f == 0).astype(np.float64))
            for m, f in zip(flat, visual_input, strict=True)
        ]
    )
