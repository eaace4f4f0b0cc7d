"""Accuracy of answers, and how sure the answer was."""

from typing import Any

from vqax.metrics.accuracy import always_accuracy, official_accuracy, simple_accuracy
from vqax.metrics.margin import top2_margin
from vqax.metrics.metric import Metric


def _accuracy(name: str, meaning: str, **more: Any) -> Metric:
    return Metric(
        name, meaning, "higher", unit="fraction", shown_in="points", scale=100.0, digits=1, **more
    )


METRICS = {
    "accuracy_official": _accuracy(
        "VQA accuracy",
        "The official VQA score: an answer given by at least three other people "
        "counts fully, averaged over the ten ways to leave one of the ten people "
        "out.",
        compute=official_accuracy,
    ),
    "accuracy_simple": _accuracy(
        "simple VQA accuracy",
        "min(people who gave this answer / 3, 1), without normalisation.",
        compute=simple_accuracy,
    ),
    "accuracy_always": _accuracy(
        "VQA accuracy, always normalised",
        "The official score with both sides normalised even where all annotators agree.",
        compute=always_accuracy,
    ),
    "accuracy_all": _accuracy(
        "accuracy, all questions", "VQA accuracy over all questions.", short="All"
    ),
    "accuracy_yes_no": _accuracy(
        "accuracy, yes/no", "VQA accuracy over questions answered by yes or no.", short="Yes/No"
    ),
    "accuracy_number": _accuracy(
        "accuracy, number", "VQA accuracy over questions answered by a number.", short="Number"
    ),
    "accuracy_other": _accuracy(
        "accuracy, other", "VQA accuracy over all remaining questions.", short="Other"
    ),
    "accuracy_mean": _accuracy(
        "accuracy, mean of both", "Mean of the accuracies on the two data sets named.", short="Mean"
    ),
    "accuracy_other_mean": _accuracy(
        "accuracy, other, mean of both",
        "Mean of the two accuracies over questions that are neither yes/no nor number.",
        short="Other, mean",
    ),
    "accuracy_all_gap": Metric(
        "accuracy lost",
        "VQA accuracy of the baseline minus that of the row.",
        "neither",
        short="Lost",
        shown_in="points",
        scale=100.0,
        digits=1,
    ),
    "margin": Metric(
        "top-2 margin",
        "Distance between the two highest answer probabilities.",
        "higher",
        unit="probability",
        compute=top2_margin,
    ),
    "top2_distance": Metric(
        "top-2 margin",
        "Distance between the two highest answer probabilities; the likely meaning "
        "of U-CAM's column CD, which the paper never spells out (no critical difference).",
        "higher",
    ),
}
