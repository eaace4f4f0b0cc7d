"""Uncertainty of an answer, and whether it tells right from wrong."""

from vqax.metrics.calibration import (
    aurc,
    brier_score,
    expected_calibration_error,
    misclassification_auroc,
)
from vqax.metrics.metric import Metric
from vqax.metrics.uncertainty import (
    aleatoric,
    entropy,
    evidential,
    mutual_information,
    nll_of_error,
    predictive,
    probability_variance,
)

METRICS = {
    "aleatoric": Metric(
        "aleatoric",
        "Noise in the data: the variance the model predicts for its own answer scores.",
        "neither",
        unit="squared logits",
        digits=5,
        compute=aleatoric,
    ),
    "aleatoric_across_questions": Metric(
        "aleatoric across questions",
        "Variance over the questions of the predicted variance.",
        "neither",
        digits=6,
    ),
    "epistemic": Metric(
        "epistemic",
        "What the model does not know: mutual information between the answer and "
        "the dropout samples, in nats.",
        "neither",
        unit="nats",
        compute=mutual_information,
    ),
    "entropy": Metric(
        "entropy",
        "Entropy of the averaged answer probabilities, in nats.",
        "neither",
        unit="nats",
        compute=entropy,
    ),
    "predictive": Metric(
        "predictive",
        "Both together: entropy plus predicted variance (U-CAM, equation 5); the "
        "entropy alone for a run that predicts no variance, so only runs of one "
        "kind compare.",
        "neither",
        unit="nats + squared logits",
        compute=predictive,
    ),
    "evidential": Metric(
        "evidential",
        "Want of evidence, K/S: 1 where the model has seen nothing that speaks for "
        "any answer; only runs with an evidential answer head have it.",
        "neither",
        unit="fraction",
        compute=evidential,
    ),
    "uncertainty_variance": Metric(
        "uncertainty as a variance",
        "Aleatoric rows: mean of the variance that the model predicts for its own "
        "answer scores. Epistemic rows: variance of the answer probabilities over "
        "the dropout samples.",
        "lower",
        short="Variance",
        digits=6,
    ),
    "mutual_information": Metric(
        "mutual information",
        "Epistemic uncertainty in nats: what the dropout samples disagree about.",
        "lower",
        digits=4,
    ),
    "variance_across_questions": Metric(
        "spread over questions",
        "Variance over the questions of the predicted variance.",
        "lower",
        digits=6,
    ),
    "probability_variance": Metric(
        "variance of the probabilities",
        "Variance of the answer probabilities over the dropout samples, averaged over answers.",
        "neither",
        unit="squared probability",
        digits=6,
        compute=probability_variance,
    ),
    "nll_of_error": Metric(
        "classification error",
        "log 1/(1−p) with p the probability of a wrong answer.",
        "lower",
        unit="nats",
        compute=nll_of_error,
    ),
    "auroc": Metric(
        "AUROC of errors",
        "Chance that a wrong answer is more uncertain than a right one; .5 means "
        "that uncertainty says nothing.",
        "higher",
    ),
    "misclassification_auroc": Metric(
        "AUROC of errors",
        "Chance that a wrong answer is more uncertain than a right one; .5 means "
        "that uncertainty says nothing.",
        "higher",
        unit="probability",
        compute=misclassification_auroc,
    ),
    "aurc": Metric(
        "AURC",
        "Area under risk–coverage: error left when the unsure answers are withheld.",
        "lower",
        unit="fraction",
        compute=aurc,
    ),
    "ece": Metric(
        "ECE",
        "Expected calibration error: mean gap between confidence and accuracy.",
        "lower",
        unit="fraction",
        compute=expected_calibration_error,
    ),
    "brier": Metric(
        "Brier score",
        "Mean squared gap between confidence and accuracy.",
        "lower",
        unit="squared probability",
        compute=brier_score,
    ),
}
