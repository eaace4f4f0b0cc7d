"""Does the model know when it is wrong, and are its probabilities honest?

``correct`` is 1 for a right answer and 0 for a wrong one; where it may also be a soft accuracy
in between, the docstring says so.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from vqax.metrics.checks import as_flags, check_one_each
from vqax.metrics.rank_correlation import average_ranks
from vqax.metrics.ties import exact_ties


def misclassification_auroc(
    uncertainty: Float[np.ndarray, "n"], correct: Bool[np.ndarray, "n"]
) -> float:
    """The chance that a wrong answer is more uncertain than a right one (ties count half).

    AUROC = (Σ ranks of the wrong - w(w + 1)/2) / (w · r) for w wrong and r right answers
    (Mann-Whitney). .5 says nothing, 1 is perfect; NaN when all are right or all are wrong.
    ``correct`` may be the numbers 0 and 1.

    Raises:
        UsageError: ``correct`` holds another number, or the two differ in length.
    """
    check_one_each(uncertainties=uncertainty, answers=correct)
    correct = as_flags(correct, "correct")
    wrong = np.count_nonzero(~correct)
    right = len(correct) - wrong
    if wrong == 0 or right == 0 or np.isnan(uncertainty).any():
        return float("nan")
    ranks = average_ranks(uncertainty[None].astype(np.float64))[0]
    rank_sum = ranks[~correct].sum()
    return float((rank_sum - wrong * (wrong + 1) / 2) / (wrong * right))


def aurc(uncertainty: Float[np.ndarray, "n"], correct: Float[np.ndarray, "n"]) -> float:
    """Area under the risk-coverage curve: mean error of the k most certain, over all k.

    AURC = 1/n Σ_k 1/k Σ_{i≤k} (1 - correct₍ᵢ₎), in [0, 1], lower is better (Geifman and
    El-Yaniv 2017). Among equally uncertain answers the expectation over their orders is taken,
    so the order of the rows does not matter. ``correct`` may be a soft accuracy.

    Raises:
        UsageError: the two differ in length.
    """
    check_one_each(uncertainties=uncertainty, answers=correct)
    correct = correct.astype(np.float64)
    if len(uncertainty) == 0 or np.isnan(uncertainty).any():
        return float("nan")
    uncertainty = exact_ties(uncertainty.astype(np.float64))
    _, group = np.unique(uncertainty, return_inverse=True)
    group = np.sort(group)
    errors = (1 - correct)[np.argsort(uncertainty, kind="stable")]
    errors = (np.bincount(group, errors) / np.bincount(group))[group]
    return float((np.cumsum(errors) / np.arange(1, len(errors) + 1)).mean())


def expected_calibration_error(
    confidence: Float[np.ndarray, "n"], correct: Float[np.ndarray, "n"], *, bins: int = 15
) -> float:
    """ECE = Σ_bins (n_bin / n) |mean confidence - mean correct|, in [0, 1] (Guo et al. 2017).

    Bins are those of ``bin_of``. ``correct`` may be a soft accuracy. NaN without answers.

    Raises:
        UsageError: the two differ in length.
    """
    check_one_each(confidences=confidence, answers=correct)
    if len(confidence) == 0:
        return float("nan")
    gaps = np.bincount(bin_of(confidence, bins), confidence - correct, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))


def bin_of(confidence: Float[np.ndarray, "n"], bins: int) -> Int[np.ndarray, "n"]:
    """Which of ``bins`` equal parts (low, high] of [0, 1] it is in; 0 itself is in the first."""
    return np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)


def brier_score(confidence: Float[np.ndarray, "n"], correct: Float[np.ndarray, "n"]) -> float:
    """Mean (confidence - correct)² of the answer given, in [0, 1], lower is better.

    The two-class Brier score of "my answer is right"; ``correct`` may be a soft accuracy.

    Raises:
        UsageError: the two differ in length.
    """
    check_one_each(confidences=confidence, answers=correct)
    return float(np.square(confidence - correct).mean()) if len(confidence) else float("nan")
