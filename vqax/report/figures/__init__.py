"""The figures of the papers, each a pure function from frames (and images) to a Figure.

``FIGURES`` names every drawing with the columns its frame must have and its caption; ``GROUPS``
says which drawings belong to one figure of the paper. `vqax.report.figures.write` puts them
into files and into the report.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from vqax.report.content import RANK_COLUMNS
from vqax.report.figures import (
    calibration,
    controls,
    curves,
    detections,
    loss_variance,
    maps,
    metric_dots,
    noise,
    object_maps,
    out_of_distribution,
    ranks,
    rotated,
    top2,
    topn_sweep,
    training_share,
    uncertainty_error,
    word_heat,
    word_importance,
)
from vqax.report.frames import (
    CURVE_COLUMNS,
    DETECTION_COLUMNS,
    DOT_COLUMNS,
    FLIP_COLUMNS,
    LOSS_COLUMNS,
    WORD_COLUMNS,
)


@dataclass(frozen=True, slots=True)
class FigureKind:
    """``draw(frame, **arrays)``; ``caption`` may hold {n}, {runs}, {question} and {truth}."""

    draw: Callable[..., Figure]
    columns: Sequence[str]
    caption: str


@dataclass(frozen=True, slots=True)
class FigureGroup:
    """What the paper prints under one number, as a question that the drawings answer."""

    reported: str
    title: str
    kinds: tuple[str, ...]


_INTERVALS = "Whiskers are 95 % intervals."
FIGURES = {
    "noise_top5": FigureKind(
        noise.draw_top5,
        noise.TOP5_COLUMNS,
        "The five most probable answers to “{question}”, as the question stands without noise. "
        "The right answer, {truth}, is blue and ticked; numbers are probabilities.",
    ),
    "noise_flips": FigureKind(
        noise.draw_flips,
        FLIP_COLUMNS,
        "Share of {n} questions whose answer changes under noise of growing strength: lower is "
        "more robust, right or wrong alike. " + _INTERVALS,
    ),
    "variance_inputs_maps": FigureKind(
        maps.draw_map_rows,
        maps.MAP_COLUMNS,
        "Where people looked and where each run looks, when its predicted variance is read from "
        "the image, the question, or both. Below each map stands the run's answer, ticked "
        "where it is the annotators' most frequent one, and ρ, the rank correlation with human "
        "attention. "
        "Colours compare places within one map only.",
    ),
    "variance_inputs": FigureKind(
        metric_dots.draw_metric_dots,
        DOT_COLUMNS,
        "The same over {n} questions. " + _INTERVALS,
    ),
    "lambda_sweep": FigureKind(
        curves.draw_curves,
        CURVE_COLUMNS,
        "Accuracy over the weight λ of the regulariser, on questions whose priors changed and on "
        "questions with the priors of train. The level is the backbone. Bands are 95 % intervals.",
    ),
    "choices": FigureKind(
        curves.draw_curves,
        CURVE_COLUMNS,
        "Accuracy over the number M of key objects of a question, and over how many of the most "
        "attended regions do not count as ignored. The level is the backbone. Bands are 95 % "
        "intervals.",
    ),
    "ignored": FigureKind(
        curves.draw_curves,
        CURVE_COLUMNS,
        "Key objects outside of the most attended regions, mean over the training questions of an "
        "epoch while its weights change.",
    ),
    "faithfulness": FigureKind(
        curves.draw_curves,
        CURVE_COLUMNS,
        "Left: accuracy when the run is given a tenth of the regions alone, from those of the "
        "highest weight to those of the lowest. Right: how far the scores of the answers move when "
        "one region is taken away. If a weight is faithful, both lines fall. Bands are 95 % "
        "intervals.",
    ),
    "uncertainty_error": FigureKind(
        uncertainty_error.draw_uncertainty_error,
        uncertainty_error.ERROR_COLUMNS,
        "Classification error over predictive uncertainty. Grey: {n} questions of each run, the "
        "stronger the shade, the more. Line: means of ten equally large groups, with 95 % "
        "intervals. If uncertainty is honest, the line rises.",
    ),
    "uncertainty_histograms": FigureKind(
        uncertainty_error.draw_uncertainty_histograms,
        uncertainty_error.HISTOGRAM_COLUMNS,
        "Uncertainty and classification error of right and of wrong answers, each as a share of "
        "its own kind; right means an official accuracy of at least .5. The last bin also counts "
        "everything beyond it.",
    ),
    "top2_distance": FigureKind(
        top2.draw_top2,
        top2.COLUMNS,
        "Distance between the probabilities of the first and the second answer. Left: ten "
        "questions, evenly spaced over the question ids, so chosen without looking at the "
        "result. Right: all questions, each run's distances sorted; the higher curve separates "
        "its two first answers better.",
    ),
    "loss_variance": FigureKind(
        loss_variance.draw_loss_variance,
        LOSS_COLUMNS,
        "Terms of the uncertainty loss and the predicted variance while training. Lines are "
        "means of an epoch, bands the range over its batches.",
    ),
    "mask_comparison": FigureKind(
        maps.draw_map_rows,
        maps.MAP_COLUMNS,
        "What explains the answer, by people and by each method. ρ is the rank correlation with "
        "the people's mask. Colours compare places within one map only.",
    ),
    "ranks": FigureKind(
        ranks.draw_ranks,
        RANK_COLUMNS,
        "Mean ranks of {runs} systems; a red bar joins those that the Nemenyi test does not "
        "tell apart.",
    ),
    "attention_samples": FigureKind(
        maps.draw_attention_samples,
        maps.SAMPLE_COLUMNS,
        "Dropout samples of the attention on “{question}”, the most certain first. Each has its "
        "own answer (right answer: {truth}), that answer's probability, and its uncertainty in "
        "nats.",
    ),
    "controls": FigureKind(
        controls.draw_controls,
        controls.COLUMNS,
        "Difference from the baseline over the same questions. Blue: better, orange: worse, "
        "grey: the 95 % interval holds 0, so neither is shown.",
    ),
    "training_share": FigureKind(
        training_share.draw_training_share,
        training_share.COLUMNS,
        "Uncertainty on {n} test questions after training on part of the data. " + _INTERVALS,
    ),
    "importance_maps": FigureKind(
        maps.draw_map_rows,
        maps.MAP_COLUMNS,
        "Where people looked, and what each method calls important for the answer of the model, "
        "which stands below the first map. ρ is the rank correlation with human maps. Colours "
        "compare places within one map only.",
    ),
    "importance_agreement": FigureKind(
        metric_dots.draw_metric_dots,
        DOT_COLUMNS,
        "Alignment with human attention of each kind of map, over {n} questions. The maps for "
        "another question about the image and the mean human map know nothing of the question. "
        + _INTERVALS,
    ),
    "word_importance": FigureKind(
        word_importance.draw_word_importance,
        WORD_COLUMNS,
        "How often a word is the most important one of its question, by kind of word, the most "
        "frequent kind first; in brackets, how many words there are. " + _INTERVALS,
    ),
    "word_heat": FigureKind(
        word_heat.draw_word_heat,
        word_heat.COLUMNS,
        "{n} questions, evenly spaced over the question ids. The shade says what the model's "
        "answer loses without the word: blue words speak for it, orange ones against it. Shades "
        "compare the words of one question only.",
    ),
    "answer_changes": FigureKind(
        metric_dots.draw_metric_dots,
        DOT_COLUMNS,
        "How often hiding a part of the input changes the answer, of answers that are right and "
        "of those that are wrong. " + _INTERVALS,
    ),
    "failure_prediction": FigureKind(
        metric_dots.draw_metric_dots,
        DOT_COLUMNS,
        "Which of {n} answers are right, predicted from how often they change under occlusion, by "
        "a logistic regression fitted on other images. Confidence is the probability of the "
        "answer, which needs no occlusion. " + _INTERVALS,
    ),
    "rotated_image": FigureKind(
        rotated.draw_rotated_image,
        rotated.EXAMPLE_COLUMNS,
        "A {truth}, rotated counter-clockwise, and the probability of each answer; answers that "
        "stay below .3 are grey. It is the test image whose uncertainty is the median of its "
        "class.",
    ),
    "rotated_curves": FigureKind(
        rotated.draw_rotated_curves,
        rotated.CURVE_COLUMNS,
        "The same over {n} test images. Bands are 95 % intervals.",
    ),
    "ood_example": FigureKind(
        out_of_distribution.draw_ood_example,
        out_of_distribution.EXAMPLE_COLUMNS,
        "A patch of a photograph, and what each classifier takes it for.",
    ),
    "ood_histograms": FigureKind(
        out_of_distribution.draw_ood_histograms,
        out_of_distribution.HISTOGRAM_COLUMNS,
        "How uncertain each classifier is, as shares of each kind of images; in-distribution are "
        "test "
        "images of its own data set.",
    ),
    "reliability": FigureKind(
        calibration.draw_reliability,
        calibration.RELIABILITY_COLUMNS,
        "Share of right answers over their probability; honest probabilities lie on the "
        "diagonal, underestimated ones above it. The larger the mark, the more answers; lines "
        "join those of ten answers or more.",
    ),
    "rejection": FigureKind(
        calibration.draw_rejection,
        calibration.REJECTION_COLUMNS,
        "What is wrong among the answers if the most uncertain ones are refused: lower is better.",
    ),
    "object_maps": FigureKind(
        object_maps.draw_object_maps,
        object_maps.MAP_COLUMNS,
        "Grad-CAM over the first test images of the class; blue is the outline of the object, "
        "u the uncertainty. The last row is the one above with each map moved so that its centre "
        "of mass is the object's: what a shift alone costs.",
    ),
    "threshold_curves": FigureKind(
        object_maps.draw_threshold_curves,
        object_maps.CURVE_COLUMNS,
        "Mean Dice of {n} images if the map is cut at a share of its maximum.",
    ),
    "overlap_dots": FigureKind(
        metric_dots.draw_metric_dots,
        DOT_COLUMNS,
        "Distances that need no threshold, and the uncertainty of the same images. " + _INTERVALS,
    ),
    "uncertainty_map_correlation": FigureKind(
        metric_dots.draw_metric_dots,
        DOT_COLUMNS,
        "Rank correlation over {n} questions of each uncertainty with the agreement of the "
        "attention with human maps; below 0, certainty goes with looking where people look. "
        + _INTERVALS,
    ),
    "detections": FigureKind(
        detections.draw_detections,
        DETECTION_COLUMNS,
        "Boxes with a score of .5 or more, after suppression of those that overlap a surer one, "
        "in images the detector has not seen, evenly spaced over the image ids. Blue: the class "
        "of a true object with an IoU of .5 or more; orange: not. A thin white line marks an "
        "object that none of these boxes covers.",
    ),
    "detection_scores": FigureKind(
        metric_dots.draw_metric_dots,
        DOT_COLUMNS,
        "How many of {n} objects the boxes of an image reach with an IoU of .5 or more (recall), "
        "how well the best box fits, and whether class and attribute of the surest box on an "
        "object are right. " + _INTERVALS,
    ),
}
FIGURES |= {
    "topn_maps": FigureKind(
        maps.draw_map_rows,
        maps.MAP_COLUMNS,
        "Pairs of questions about one image with one answer, chosen without looking at any "
        "result: Grad-CAM, and what is left of it when gradients flow back through n entries of "
        "the combine layer alone. Colours compare places within one map only.",
    ),
    "topn_sweep": FigureKind(
        topn_sweep.draw_sweep,
        topn_sweep.COLUMNS,
        "{question}: the n entries most sensitive to the question, n entries at random, those of "
        "the former that the two questions of a pair do not share, and n by the object's word "
        "(colour questions alone). At the right end all gradients flow: Grad-CAM. " + _INTERVALS,
    ),
}
GROUPS = {
    "lambda_sweep": FigureGroup("Figure 4", "How strong should it be?", ("lambda_sweep",)),
    "choices": FigureGroup("Figure 5 a", "Which regions should be masked?", ("choices",)),
    "ignored": FigureGroup("Figure 5 b", "Are key objects ignored less?", ("ignored",)),
    "faithfulness": FigureGroup(
        "Figure 7", "Do regions of high weight move the answer?", ("faithfulness",)
    ),
    "topn_sweep": FigureGroup(
        "Figures 27 to 77, in numbers",
        "What does letting few gradients through do?",
        ("topn_sweep",),
    ),
    "topn_maps": FigureGroup(
        "Figures 78 to 101", "Do the maps of two questions part?", ("topn_maps",)
    ),
    "noise": FigureGroup(
        "Figure 4", "Does the answer survive noise?", ("noise_top5", "noise_flips")
    ),
    "variance_inputs": FigureGroup(
        "Figures 5 and 6",
        "Uncertainty of the image, the question, or both?",
        ("variance_inputs_maps", "variance_inputs"),
    ),
    "uncertainty_error": FigureGroup(
        "Figure 7 a and b",
        "Is uncertainty high where the answer is wrong?",
        ("uncertainty_error", "uncertainty_histograms"),
    ),
    "top2_distance": FigureGroup(
        "Figure 7 c and d", "How far apart are the two first answers?", ("top2_distance",)
    ),
    "loss_variance": FigureGroup(
        "Figure 10", "How do loss and variance settle?", ("loss_variance",)
    ),
    "mask_comparison": FigureGroup(
        "Figure 11", "Whose mask looks like people's?", ("mask_comparison",)
    ),
    "ranks": FigureGroup("Figure 12", "Which systems differ?", ("ranks",)),
    "attention_samples": FigureGroup(
        "Figures 13 to 17", "Do samples that look elsewhere know less?", ("attention_samples",)
    ),
    "controls": FigureGroup("", "Which part brings the gain?", ("controls",)),
    "training_share": FigureGroup(
        "Table V, as a figure", "Does more data mean less doubt?", ("training_share",)
    ),
    "importance_maps": FigureGroup(
        "Table 1 and Figure 2 b",
        "Does a model without attention look where people look?",
        ("importance_maps", "importance_agreement"),
    ),
    "word_importance": FigureGroup(
        "Figures 2 a and 3", "Which words matter most?", ("word_importance", "word_heat")
    ),
    "answer_changes": FigureGroup(
        "Section 4.2",
        "Do answers that change foretell failure?",
        ("answer_changes", "failure_prediction"),
    ),
    "rotation": FigureGroup(
        "Figure 2",
        "Does uncertainty rise when an image is rotated?",
        ("rotated_image", "rotated_curves"),
    ),
    "out_of_distribution": FigureGroup(
        "Figures 3 and 4",
        "Does a classifier know what it has never seen?",
        ("ood_example", "ood_histograms"),
    ),
    "calibration": FigureGroup(
        "", "Are probabilities honest, and is refusing worth it?", ("reliability", "rejection")
    ),
    "object_maps": FigureGroup(
        "Figures 5 to 7", "Does the map lie on the object?", ("object_maps",)
    ),
    "overlap_curves": FigureGroup(
        "Tables 1 and 2, over all thresholds",
        "Rotated or brighter: what moves the map?",
        ("threshold_curves", "overlap_dots"),
    ),
    "uncertainty_map_correlation": FigureGroup(
        "", "Does uncertainty follow where a VQA model looks?", ("uncertainty_map_correlation",)
    ),
    "detections": FigureGroup(
        "", "What does the detector find?", ("detections", "detection_scores")
    ),
}
