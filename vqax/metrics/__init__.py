"""What is measured, by family: each name with its function, unit and better direction.

Nothing here imports torch, so that a command line can list the names at no cost.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from vqax.metrics.accuracy import ACCURACIES
from vqax.metrics.calibration import (
    aurc,
    brier_score,
    expected_calibration_error,
    misclassification_auroc,
)
from vqax.metrics.emd import histogram_emd, spatial_emd
from vqax.metrics.key_objects import needed_share, pointing
from vqax.metrics.margin import top2_margin
from vqax.metrics.rank_correlation import rank_correlation
from vqax.metrics.uncertainty import (
    aleatoric,
    classification_error,
    entropy,
    evidential,
    mutual_information,
    predictive,
    probability_variance,
)


class Metric(NamedTuple):
    """A measure; the arguments of ``compute`` are those of its family."""

    compute: Callable[..., Any]
    unit: str
    direction: Literal["higher", "lower"]


# (prediction, answers) -> the accuracy of one question
ANSWER_METRICS = {
    f"accuracy_{rule}": Metric(compute, "fraction", "higher")
    for rule, compute in ACCURACIES.items()
}

# (maps (n,h,w), human (n,h,w)) -> (n,)
MAP_METRICS = {
    "rank_correlation": Metric(rank_correlation, "Spearman's rho", "higher"),
    "emd": Metric(spatial_emd, "fraction of the grid diagonal", "lower"),
    "histogram_emd": Metric(histogram_emd, "fraction of the value range", "lower"),
}

# Monte-Carlo probabilities and variance -> (n,); `uncertainties` computes all at once
UNCERTAINTY_METRICS = {
    "aleatoric": Metric(aleatoric, "squared logits", "lower"),
    "epistemic": Metric(mutual_information, "nats", "lower"),
    "entropy": Metric(entropy, "nats", "lower"),
    "predictive": Metric(predictive, "nats + squared logits", "lower"),
    "evidential": Metric(evidential, "fraction", "lower"),
    "probability_variance": Metric(probability_variance, "squared probability", "lower"),
    "classification_error": Metric(classification_error, "nats", "lower"),
}

# weights (n,l), whether a region shows a needed object (n,l) -> (n,)
REGION_METRICS = {
    "needed_share": Metric(needed_share, "fraction", "higher"),
    "pointing": Metric(pointing, "fraction", "higher"),
}

# probabilities (n,a) -> (n,)
SCORE_METRICS = {"margin": Metric(top2_margin, "probability", "higher")}

# (uncertainty (n,), correct (n,)) -> one number
FAILURE_METRICS = {
    "misclassification_auroc": Metric(misclassification_auroc, "probability", "higher"),
    "aurc": Metric(aurc, "fraction", "lower"),
}

# (confidence (n,), correct (n,)) -> one number
CALIBRATION_METRICS = {
    "ece": Metric(expected_calibration_error, "fraction", "lower"),
    "brier": Metric(brier_score, "squared probability", "lower"),
}

METRICS: dict[str, Metric] = {
    **ANSWER_METRICS,
    **MAP_METRICS,
    **REGION_METRICS,
    **UNCERTAINTY_METRICS,
    **SCORE_METRICS,
    **FAILURE_METRICS,
    **CALIBRATION_METRICS,
}
