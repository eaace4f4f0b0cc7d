"""How a metric is called, scaled and explained to a reader."""

import math
from dataclasses import dataclass, replace
from typing import Literal

from vqax.report.numbers import SMALLEST, number

Direction = Literal["higher", "lower", ""]


@dataclass(frozen=True, slots=True)
class MetricLabel:
    """Words and number format of one metric.

    ``scale`` turns a stored fraction into what is shown (100 for accuracies in per cent);
    ``short`` is the column heading the paper prints, where it prints one.
    """

    name: str
    meaning: str
    direction: Direction = ""
    short: str = ""
    unit: str = ""
    scale: float = 1.0
    digits: int = 3

    @property
    def heading(self) -> str:
        return self.short or self.name

    @property
    def arrow(self) -> str:
        return {"higher": "↑", "lower": "↓", "": ""}[self.direction]


def _accuracy(name: str, meaning: str, short: str = "") -> MetricLabel:
    return MetricLabel(name, meaning, "higher", short, "points", 100.0, 1)


def _share(name: str, meaning: str) -> MetricLabel:
    return MetricLabel(name, meaning, unit="per cent", scale=100.0, digits=1)


METRICS: dict[str, MetricLabel] = {
    "accuracy_official": _accuracy(
        "VQA accuracy",
        "The official VQA score: an answer given by at least three other people counts fully, "
        "averaged over the ten ways to leave one of the ten people out.",
    ),
    "accuracy_simple": _accuracy(
        "simple VQA accuracy", "min(people who gave this answer / 3, 1), without normalisation."
    ),
    "accuracy_all": _accuracy("accuracy, all questions", "VQA accuracy over all questions.", "All"),
    "accuracy_yes_no": _accuracy(
        "accuracy, yes/no", "VQA accuracy over questions answered by yes or no.", "Yes/No"
    ),
    "accuracy_number": _accuracy(
        "accuracy, number", "VQA accuracy over questions answered by a number.", "Number"
    ),
    "accuracy_other": _accuracy(
        "accuracy, other", "VQA accuracy over all remaining questions.", "Other"
    ),
    "accuracy_mean": _accuracy(
        "accuracy, mean of both", "Mean of the accuracies on the two data sets named.", "Mean"
    ),
    "accuracy_other_mean": _accuracy(
        "accuracy, other, mean of both",
        "Mean of the two accuracies over questions that are neither yes/no nor number.",
        "Other, mean",
    ),
    "accuracy_all_gap": MetricLabel(
        "accuracy lost",
        "VQA accuracy of the baseline minus that of the row.",
        short="Lost",
        unit="points",
        scale=100.0,
        digits=1,
    ),
    "rank_correlation": MetricLabel(
        "rank correlation with people",
        "Spearman correlation between the map and a person's map, both shrunk to 14×14; "
        "1 is the same order of places, 0 is no relation.",
        "higher",
        "RC",
    ),
    "standard_error": MetricLabel(
        "standard error",
        "Standard deviation of the rank correlation over √n questions, as if they were "
        "independent; the interval draws pictures whole.",
        "",
        "± SE",
    ),
    "emd": MetricLabel(
        "earth mover's distance to people",
        "How far attention has to be moved, as a fraction of the picture's diagonal, "
        "to become the person's map.",
        "lower",
        "EMD",
    ),
    "histogram_emd": MetricLabel(
        "histogram EMD to people",
        "Earth mover's distance between the two maps' value histograms; blind to where.",
        "lower",
        "EMD (histogram)",
    ),
    "needed_share": MetricLabel(
        "share on needed objects",
        "Share of the weight over the regions that lies on regions showing an object which the "
        "question needs (intersection over union of at least .5).",
        "higher",
        "Needed",
    ),
    "key_object_sample_ratio": MetricLabel(
        "questions with key objects",
        "Share of the training questions of which a region shows an object they speak of.",
        short="Ratio",
        unit="%",
        scale=100.0,
        digits=1,
    ),
    "key_share": MetricLabel(
        "share on key objects",
        "Share of the attention that lies on key objects, of questions that have some.",
        "higher",
        "Key objects",
    ),
    "ignored_key_objects": MetricLabel(
        "ignored key objects",
        "Key objects of a question that are not among the most attended regions.",
        "lower",
        "Ignored",
    ),
    "pointing": MetricLabel(
        "pointing accuracy",
        "How often the region with the most weight shows an object that the question needs.",
        "higher",
        "Pointing",
    ),
    "top2_distance": MetricLabel(
        "top-2 margin",
        "Distance between the two highest answer probabilities; the likely meaning of the "
        "column CD, which the paper never spells out.",
        "higher",
        "CD",
    ),
    "margin": MetricLabel(
        "top-2 margin", "Distance between the two highest answer probabilities.", "higher"
    ),
    "aleatoric": MetricLabel(
        "aleatoric",
        "Noise in the data: the variance the model predicts for its own answer scores.",
        digits=5,
    ),
    "aleatoric_across_questions": MetricLabel(
        "aleatoric across questions",
        "Variance over the questions of the predicted variance.",
        digits=6,
    ),
    "epistemic": MetricLabel(
        "epistemic",
        "What the model does not know: mutual information between the answer and the "
        "dropout samples, in nats.",
    ),
    "entropy": MetricLabel("entropy", "Entropy of the averaged answer probabilities, in nats."),
    "predictive": MetricLabel(
        "predictive",
        "Both together: entropy plus predicted variance (U-CAM, equation 5); the entropy alone "
        "for a run that predicts no variance, so only runs of one kind compare.",
    ),
    "uncertainty_variance": MetricLabel(
        "uncertainty as a variance",
        "Aleatoric rows: mean of the variance that the model predicts for its own answer scores. "
        "Epistemic rows: variance of the answer probabilities over the dropout samples.",
        "lower",
        "Variance",
        digits=6,
    ),
    "mutual_information": MetricLabel(
        "mutual information",
        "Epistemic uncertainty in nats: what the dropout samples disagree about.",
        "lower",
        digits=4,
    ),
    "variance_across_questions": MetricLabel(
        "spread over questions",
        "Variance over the questions of the predicted variance.",
        "lower",
        digits=6,
    ),
    "probability_variance": MetricLabel(
        "variance of the probabilities",
        "Variance of the answer probabilities over the dropout samples, averaged over answers.",
        digits=6,
    ),
    "classification_error": MetricLabel(
        "classification error", "log 1/(1−p) with p the probability of a wrong answer.", "lower"
    ),
    "auroc": MetricLabel(
        "AUROC of errors",
        "Chance that a wrong answer is more uncertain than a right one; "
        ".5 means that uncertainty says nothing.",
        "higher",
    ),
    "evidential": MetricLabel(
        "evidential",
        "Want of evidence, K/S: 1 where the model has seen nothing that speaks for any answer; "
        "only runs with an evidential answer head have it.",
    ),
    "map_quality": MetricLabel(
        "map quality",
        "Rank correlation over the questions of an uncertainty with how well the attention "
        "agrees with people; negative if the run is surer where it looks where people look.",
        "lower",
    ),
    "dice": MetricLabel(
        "Dice",
        "Twice the pixels that the map, cut at half its maximum, shares with the object, over "
        "the pixels of both.",
        "higher",
        "DSC",
    ),
    "recall": MetricLabel(
        "objects reached", "Share of the objects that some box covers well.", "higher"
    ),
    "best_iou": MetricLabel(
        "IoU of the best box", "Of the box that covers an object best.", "higher"
    ),
    "label_accuracy": MetricLabel(
        "class right", "Share of the objects of which the surest box has the class.", "higher"
    ),
    "attribute_accuracy": MetricLabel(
        "attribute right", "Share of those of which it has the attribute.", "higher"
    ),
    "iou": MetricLabel(
        "IoU", "The pixels that map and object share, over those of either.", "higher", "IoU"
    ),
    "map_similarity": MetricLabel(
        "likeness of the maps",
        "Rank correlation over the pixels of two maps of a picture.",
        "higher",
    ),
    "dice_centred": MetricLabel(
        "Dice, map moved onto the object",
        "Dice after the map's centre of mass was moved onto the object's.",
        "higher",
    ),
    "dice_test": MetricLabel(
        "Dice, test pictures", "Dice of the pictures that were not trained on.", "higher"
    ),
    "centroid_distance": MetricLabel(
        "centroid distance",
        "Between the centres of mass of map and object, in fractions of the diagonal.",
        "lower",
    ),
    "object_emd": MetricLabel(
        "EMD to the object",
        "How far the map has to be moved to become the object, in fractions of the diagonal.",
        "lower",
    ),
    "blank_map": MetricLabel(
        "maps without evidence",
        "Share of maps without a positive value: they highlight nothing, and Dice and IoU are 0.",
        "lower",
    ),
    "p_value": MetricLabel("p", "Of Wilcoxon's signed-rank test over the pictures.", "", "p"),
    "uncertainty": MetricLabel(
        "uncertainty",
        "K/S of an evidential head, entropy over log K of the others: 1 where nothing is known.",
    ),
    "belief": MetricLabel("belief", "The largest belief mass, evidence over S."),
    "confidence": MetricLabel("confidence", "The probability of the answer given."),
    "confidently_wrong": MetricLabel(
        "confidently wrong",
        "Share of wrong answers with an uncertainty below one half.",
        "lower",
    ),
    "brier_classes": MetricLabel(
        "Brier score of all classes",
        "Squared distance of the probabilities from the right class, in 0 to 2.",
        "lower",
    ),
    "stranger_auroc": MetricLabel(
        "AUROC of strangers",
        "Chance that a picture of another kind is more uncertain than a familiar one.",
        "higher",
    ),
    "uncertainty_dice": MetricLabel(
        "uncertainty and Dice",
        "Rank correlation over the pictures; negative if a map on the object goes with certainty.",
    ),
    "ece": MetricLabel(
        "ECE", "Expected calibration error: mean gap between confidence and accuracy.", "lower"
    ),
    "dA_dq_top10_value": MetricLabel(
        "∂A/∂q",
        "How much an entry of the combine layer depends on the question: the length of its row of "
        "∂A/∂q.",
        digits=4,
    ),
    "dA_dq_top10_index": MetricLabel(
        "entry", "Which entry of the combine layer that is.", digits=0
    ),
    "shared_of_10": MetricLabel(
        "shared of the first 10",
        "How many of the ten most sensitive entries of two questions are the same.",
        digits=2,
    ),
    "spearman": MetricLabel(
        "Spearman of ∂A/∂q",
        "Rank correlation of the sensitivities of all entries between two questions.",
    ),
    "pair_similarity": MetricLabel(
        "likeness of the two maps",
        "Spearman correlation of the two maps of a pair; a constant map has none.",
    ),
    "own_share": MetricLabel(
        "mass on the thing asked about",
        "Share of the map's positive mass in the boxes of the thing that the question names.",
        "higher",
    ),
    "other_share": MetricLabel(
        "mass on the other thing",
        "Share of the map's positive mass in the boxes of the thing that the other question names.",
    ),
    "preference": MetricLabel(
        "preference",
        "Mass on the thing asked about minus mass on the other thing: 0 is a map that does not "
        "know which of the two was asked about.",
        "higher",
    ),
    "shared_share": MetricLabel(
        "shared entries",
        "Share of the entries that let gradients through which both questions of a pair have.",
    ),
    "brier": MetricLabel(
        "Brier score", "Mean squared gap between confidence and accuracy.", "lower"
    ),
    "changed_share": _share(
        "answers that change", "Share of hidden parts without which the answer is another one."
    ),
    "changed_patches": _share("hidden patches that change the answer", ""),
    "changed_large_patches": _share("large hidden patches that do", ""),
    "changed_words": _share("dropped words that do", ""),
    "changed_share_of_right": _share(
        "of right answers", "The same for answers with an official accuracy of at least ½."
    ),
    "changed_share_of_wrong": _share("of wrong answers", "The same for all other answers."),
    "most_important_occlusion": _share(
        "most important by occlusion",
        "Share of these words whose removal takes most from the answer's probability, among the "
        "words of their question.",
    ),
    "most_important_gradient": _share(
        "most important by gradient",
        "Share of these words at which that probability has its longest gradient.",
    ),
    "most_important_chance": _share(
        "by chance", "The share if the most important word of a question were drawn blindly."
    ),
    "failure_accuracy": MetricLabel(
        "right or wrong foretold",
        "Share of answers that a predictor fitted on other pictures rightly calls right or wrong.",
        "higher",
        unit="points",
        scale=100.0,
        digits=1,
    ),
    "failure_auroc": MetricLabel(
        "AUROC of failure",
        "Chance that a wrong answer scores higher than a right one; .5 says nothing.",
        "higher",
    ),
    "aurc": MetricLabel(
        "AURC",
        "Area under risk–coverage: error left when the unsure answers are withheld.",
        "lower",
    ),
}

MAP_SUFFIXES = ("histogram_emd", "rank_correlation", "emd", "needed_share", "pointing")
METHODS = {"attention": "attention", "grad_cam": "Grad-CAM"}


def label_of(metric: str) -> MetricLabel:
    """The label of a metric; ``{method}_rank_correlation`` and the like are put together.

    A metric this module does not know keeps its own name and has no direction.
    """
    if metric in METRICS:
        return METRICS[metric]
    for suffix in MAP_SUFFIXES:
        if metric.endswith(f"_{suffix}"):
            method = metric.removesuffix(f"_{suffix}")
            base = METRICS[suffix]
            return replace(
                base, name=f"{base.name} ({METHODS.get(method, spaced(method))})", short=""
            )
    for suffix, of in OF_TWO.items():
        if metric.endswith(suffix):
            return of(label_of(metric.removesuffix(suffix)))
    for family, name in FAMILIES.items():
        if metric.startswith(f"{family}_"):
            kind = spaced(metric.removeprefix(f"{family}_"))
            return replace(METRICS[family], name=f"{name} ({kind})")
    if metric.startswith("accuracy"):
        return _accuracy(spaced(metric), "")
    return MetricLabel(spaced(metric), "")


def _gain(base: MetricLabel) -> MetricLabel:
    return replace(base, name=f"gain in {base.name}", short=f"Δ {base.heading}")


def _difference(base: MetricLabel) -> MetricLabel:
    name = f"difference in {base.name}"
    return replace(base, name=name, direction="", short=f"Δ {base.heading}")


def _effect(base: MetricLabel) -> MetricLabel:
    return MetricLabel(
        f"effect size, {base.name}",
        "Rank-biserial correlation of pairs, from −1 to 1; positive if the second is larger.",
    )


OF_TWO = {"_gain": _gain, "_difference": _difference, "_effect": _effect}
FAMILIES = {
    "auroc": "AUROC of errors",
    "map_quality": "map quality",
    "stranger_auroc": "AUROC of strangers",
}


def explained(metric: str) -> MetricLabel:
    """The label that explains a metric: that of the family where the metric is put together."""
    suffix = next((suffix for suffix in MAP_SUFFIXES if metric.endswith(f"_{suffix}")), metric)
    families = [name for name in FAMILIES if metric.startswith(f"{name}_")]
    return METRICS[families[0]] if families else label_of(suffix)


def spaced(name: str) -> str:
    return name.replace("_", " ")


def printed_number(value: float | None, metric: str) -> str:
    """A published number with the digits the paper prints: one for per cent, else 3 or 4."""
    if value is None or not math.isfinite(value):
        return "–"
    digits = label_of(metric).digits
    if 0 < abs(value) < SMALLEST:
        return number(value, digits)
    printed = f"{value:.4f}".rstrip("0").rstrip(".")
    return max(f"{value:.{digits}f}", printed, key=len).replace("-", "−")


def scale_of(metric: str, unit: str | None = None) -> float:
    """What a stored value is multiplied by to be shown; a value stored in per cent stays."""
    return 1.0 if unit in {"percent", "%", "points"} else label_of(metric).scale
