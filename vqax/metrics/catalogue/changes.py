"""What hiding a part of the input changes."""

from vqax.metrics.metric import Metric


def _share(name: str, meaning: str) -> Metric:
    return Metric(name, meaning, "neither", shown_in="per cent", scale=100.0, digits=1)


METRICS = {
    "flip_rate": _share(
        "answers that change", "Share of hidden parts without which the answer is another one."
    ),
    "changed_patches": _share("hidden patches that change the answer", ""),
    "changed_large_patches": _share("large hidden patches that do", ""),
    "changed_words": _share("dropped words that do", ""),
    "flip_rate_of_right": _share(
        "of right answers", "The same for answers with an official accuracy of at least ½."
    ),
    "flip_rate_of_wrong": _share("of wrong answers", "The same for all other answers."),
    "most_important_occlusion": _share(
        "most important by occlusion",
        "Share of these words whose removal takes most from the answer's "
        "probability, among the words of their question.",
    ),
    "most_important_gradient": _share(
        "most important by gradient",
        "Share of these words at which that probability has its longest gradient.",
    ),
    "most_important_chance": _share(
        "by chance", "The share if the most important word of a question were drawn blindly."
    ),
    "failure_accuracy": Metric(
        "right or wrong predicted",
        "Share of answers that a predictor fitted on other images rightly calls right or wrong.",
        "higher",
        shown_in="points",
        scale=100.0,
        digits=1,
    ),
    "failure_auroc": Metric(
        "AUROC of failure",
        "Chance that a wrong answer scores higher than a right one; .5 says nothing.",
        "higher",
    ),
}
