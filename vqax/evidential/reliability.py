"""What is drawn of a classifier's calibration: reliability diagram, rejection curve,
out-of-distribution images.

Numbers of it (ECE, AURC, AUROC) are in `vqax.metrics.calibration`.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from vqax.errors import UsageError
from vqax.metrics.calibration import bin_of, misclassification_auroc
from vqax.metrics.checks import check_one_each
from vqax.metrics.ties import exact_ties


class Reliability(NamedTuple):
    """Per bin: its edges, how many answers, their mean confidence and mean correctness.

    The means are NaN in an empty bin.
    """

    low: Float[np.ndarray, "m"]
    high: Float[np.ndarray, "m"]
    answers: Int[np.ndarray, "m"]
    confidence: Float[np.ndarray, "m"]
    accuracy: Float[np.ndarray, "m"]


def reliability_diagram(
    confidence: Float[np.ndarray, "n"],
    correct: Bool[np.ndarray, "n"] | Float[np.ndarray, "n"],
    *,
    bins: int = 15,
) -> Reliability:
    """The bins of ``expected_calibration_error``.

    Σ answers |confidence - accuracy| / n is that error (Guo et al. 2017).

    Raises:
        UsageError: a confidence outside [0, 1], or NaN, or the two differ in length.
    """
    check_one_each(confidences=confidence, answers=correct)
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise UsageError(
            f"a confidence is outside [0, 1]: {confidence.min()} to {confidence.max()}; "
            "give probabilities"
        )
    place = bin_of(confidence, bins)
    count = np.bincount(place, minlength=bins)
    edges = np.linspace(0, 1, bins + 1)
    sums = (np.bincount(place, values, minlength=bins) for values in (confidence, correct))
    none = (np.full(bins, np.nan) for _ in range(2))
    means = [np.divide(s, count, out=o, where=count > 0) for s, o in zip(sums, none, strict=True)]
    return Reliability(edges[:-1], edges[1:], count, *means)


class Rejection(NamedTuple):
    """From the most certain answer alone to all of them.

    ``threshold`` is the highest uncertainty that is still answered, ``coverage`` the share
    answered, ``accuracy`` the share of those that is right.
    """

    threshold: Float[np.ndarray, "m"]
    coverage: Float[np.ndarray, "m"]
    accuracy: Float[np.ndarray, "m"]


def rejection_curve(
    uncertainty: Float[np.ndarray, "n"], correct: Bool[np.ndarray, "n"] | Float[np.ndarray, "n"]
) -> Rejection:
    """Accuracy on what is answered when whatever is more uncertain than a threshold is refused.

    A point for each different uncertainty, in rising order, because a threshold cannot part
    equals; 1 - accuracy is the risk whose area ``aurc`` takes, there over every answer.

    Raises:
        UsageError: an uncertainty is NaN, or the two differ in length.
    """
    check_one_each(uncertainties=uncertainty, answers=correct)
    if np.isnan(uncertainty).any():
        raise UsageError(
            f"{np.count_nonzero(np.isnan(uncertainty))} of {len(uncertainty)} uncertainties are "
            "NaN; leave those answers out"
        )
    tied = exact_ties(uncertainty.astype(np.float64))
    threshold, group = np.unique(tied, return_inverse=True)
    answered = np.bincount(group, minlength=len(threshold)).cumsum()
    right = np.bincount(group, correct, minlength=len(threshold)).cumsum()
    return Rejection(threshold, answered / max(1, len(uncertainty)), right / answered)


def ood_auroc(
    in_distribution: Float[np.ndarray, "n"], out_of_distribution: Float[np.ndarray, "s"]
) -> float:
    """The chance that an image of another kind is more uncertain than a in_distribution one.

    .5 says nothing, 1 is perfect; NaN without one of the two.
    """
    known = np.arange(len(in_distribution) + len(out_of_distribution)) < len(in_distribution)
    return misclassification_auroc(np.concatenate([in_distribution, out_of_distribution]), known)


def brier_score_of_classes(
    probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, "n"]
) -> float:
    """Mean Σ_k (p_k - y_k)², in [0, 2], lower is better (Brier 1950); NaN without images.

    ``vqax.metrics.calibration.brier_score`` is that of the answer given alone.

    Raises:
        UsageError: the two differ in length.
    """
    check_one_each(probabilities=probabilities, labels=labels)
    if len(labels) == 0:
        return float("nan")
    targets = np.eye(probabilities.shape[1])[labels]
    return float(np.square(probabilities - targets).sum(axis=1).mean())
