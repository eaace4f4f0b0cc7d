"""What is measured, by family; `vqax.metrics.catalogue` says all there is to say of a metric.

Nothing here imports torch, so that a command line can list the names at no cost.
"""

from vqax.metrics.catalogue import METRICS, human_attention, regions
from vqax.metrics.metric import Metric


def _family(*names: str) -> dict[str, Metric]:
    return {name: METRICS[name] for name in names}


def _computed(metrics: dict[str, Metric]) -> dict[str, Metric]:
    """Those with a function of their own; the others are put together by a stage."""
    return {name: metric for name, metric in metrics.items() if metric.compute is not None}


# (prediction, answers) -> the accuracy of one question
ANSWER_METRICS = _family("accuracy_official", "accuracy_always", "accuracy_simple")

# (maps (n,h,w), human (n,h,w)) -> (n,)
MAP_METRICS = _computed(human_attention.METRICS)

# Monte-Carlo probabilities and variance -> (n,); `uncertainties` computes all at once
UNCERTAINTY_METRICS = _family(
    *("aleatoric", "epistemic", "entropy", "predictive", "evidential"),
    *("probability_variance", "nll_of_error"),
)

# weights (n,l), whether a region shows a relevant object (n,l) -> (n,)
REGION_METRICS = _computed(regions.METRICS)

# probabilities (n,a) -> (n,)
SCORE_METRICS = _family("margin")

# (uncertainty (n,), correct (n,)) -> one number
FAILURE_METRICS = _family("misclassification_auroc", "aurc")

# (confidence (n,), correct (n,)) -> one number
CALIBRATION_METRICS = _family("ece", "brier")
