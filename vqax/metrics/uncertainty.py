"""How sure a model is, from s Monte-Carlo passes of its head (U-CAM, III-B).

All entropies in nats. ``probabilities`` are the softmax outputs of every pass; ``variance`` is
the aleatoric variance σ²_a that the variance head put out, one per pass or one per question.
"""

import numpy as np
from jaxtyping import Float

from vqax.metrics.checks import check_one_each
from vqax.metrics.ties import SINGLE, rounding

Samples = Float[np.ndarray, "s n a"]
PerQuestion = Float[np.ndarray, "n"]
SMALLEST = 1e-12  # a probability below it counts as this much, so that logarithms stay finite


def entropy(probabilities: Float[np.ndarray, "*n a"]) -> Float[np.ndarray, "*n"]:
    """H = -Σ p log p over the answers, in [0, log a] (eq. 4 when p is the mean of the passes)."""
    logs = np.log(probabilities, out=np.zeros_like(probabilities), where=probabilities > 0)
    return -(probabilities * logs).sum(axis=-1)


def mutual_information(probabilities: Samples) -> PerQuestion:
    """Epistemic uncertainty: H(mean of the passes) - mean of H(pass), 0 where rounding is all.

    What the passes disagree about (BALD, Houlsby et al. 2011; Kendall and Gal 2017).
    """
    total = entropy(probabilities.mean(axis=0))
    disagreement = total - entropy(probabilities).mean(axis=0)
    return np.where(disagreement > rounding(probabilities) * total, disagreement, 0)


def probability_variance(probabilities: Samples) -> PerQuestion:
    """Variance over the passes of each answer's probability, averaged over the answers.

    A probability that varies by a millionth of itself does so by the rounding of single precision:
    it counts as constant.
    """
    variance = probabilities.var(axis=0)
    least = np.square(SINGLE * probabilities).mean(axis=0)
    return np.where(variance > least, variance, 0).mean(axis=-1)


def aleatoric(variance: Float[np.ndarray, "s n"] | PerQuestion) -> PerQuestion:
    """The mean over the passes of the variance that the model predicts for its own logits."""
    return variance.mean(axis=0) if variance.ndim == 2 else variance


def evidential(vacuity: Float[np.ndarray, "s n"]) -> PerQuestion:
    """The mean over the passes of u = K / S, in (0, 1]: doubt for want of evidence (EDL 2.2)."""
    return vacuity.mean(axis=0)


def predictive(
    probabilities: Samples, variance: Float[np.ndarray, "s n"] | PerQuestion
) -> PerQuestion:
    """σ²_p = H(mean of the passes) + mean σ²_a (eq. 5)."""
    return entropy(probabilities.mean(axis=0)) + aleatoric(variance)


def misclassification(probabilities: Samples) -> PerQuestion:
    """1 - mean probability of the answer that most passes chose, as U-CAM's evaluation does.

    Among answers with equally many votes the one of the higher mean probability counts.
    """
    answers = probabilities.shape[-1]
    mean = probabilities.mean(axis=0)
    votes = np.stack([np.bincount(row, minlength=answers) for row in probabilities.argmax(-1).T])
    chosen = (votes + mean / 2).argmax(axis=-1)
    return 1 - np.take_along_axis(mean, chosen[:, None], axis=-1)[:, 0]


def nll_of_error(misclassified: PerQuestion) -> PerQuestion:
    """log 1/(1 - p) for a probability p of being wrong (U-CAM, VII-C), at most log 10¹²."""
    return -np.log(np.maximum(1 - misclassified, SMALLEST))


def uncertainties(
    probabilities: Samples,
    variance: Float[np.ndarray, "s n"] | PerQuestion | None,
    vacuity: Float[np.ndarray, "s n"] | None = None,
) -> dict[str, PerQuestion]:
    """Every measure by the name it has in the tables.

    A model without a variance head has NaN as ``aleatoric``, and the entropy alone as
    ``predictive``; one without an evidential head has NaN as ``evidential``.

    Raises:
        UsageError: variance or vacuity are of other questions than the probabilities.
    """
    given = {"variance": variance, "vacuity": vacuity}
    rows = {name: part.T for name, part in given.items() if part is not None}
    check_one_each(questions=probabilities[0], **rows)
    n = probabilities.shape[1]
    if variance is None:
        noise, total = np.full(n, np.nan), entropy(probabilities.mean(axis=0))
    else:
        noise, total = aleatoric(variance), predictive(probabilities, variance)
    return {
        "aleatoric": noise,
        "epistemic": mutual_information(probabilities),
        "entropy": entropy(probabilities.mean(axis=0)),
        "evidential": np.full(n, np.nan) if vacuity is None else evidential(vacuity),
        "predictive": total,
        "probability_variance": probability_variance(probabilities),
        "nll_of_error": nll_of_error(misclassification(probabilities)),
    }
