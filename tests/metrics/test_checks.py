"""What does not belong together is refused, by every public function of metrics and statistics."""

import numpy as np
import pytest

from vqax.errors import UsageError
from vqax.evidential.reliability import (
    brier_score_of_classes,
    rejection_curve,
    reliability_diagram,
)
from vqax.metrics.calibration import (
    aurc,
    brier_score,
    expected_calibration_error,
    misclassification_auroc,
)
from vqax.metrics.detection import found
from vqax.metrics.emd import histogram_emd, spatial_emd
from vqax.metrics.faithfulness import by_rank, total_variation
from vqax.metrics.inter_annotator_agreement import human_alignment
from vqax.metrics.key_objects import found_objects, on_relevant, pointing_game, relevance_mass
from vqax.metrics.rank_correlation import rank_correlation
from vqax.metrics.uncertainty import uncertainties
from vqax.metrics.word_importance import most_important
from vqax.stats.bootstrap import (
    bootstrap_mean,
    bootstrap_mean_of_means,
    bootstrap_statistic,
    paired_bootstrap,
)
from vqax.stats.contrast import mean_contrast, statistic_contrast
from vqax.stats.effect import rank_biserial
from vqax.stats.failure import predict_failure

pytestmark = pytest.mark.usefixtures("without_type_checks")
FOUR, THREE = np.array([0.1, 0.4, 0.2, 0.9]), np.array([1.0, 0.0, 1.0])
DRAWS = {"samples": 5, "seed": 0}
WIDE, HIGH = np.random.default_rng(0).random((2, 3, 7, 11)), np.ones((3, 11, 7))
BOXES = np.random.default_rng(1).random((3, 5, 4))


def mean(values):
    return float(values.mean())


@pytest.mark.parametrize("metric", [rank_correlation, histogram_emd, spatial_emd])
def test_maps_of_other_shapes_are_refused(metric):
    with pytest.raises(UsageError, match=r"\(3, 7, 11\).*\(3, 11, 7\)"):
        metric(WIDE[0], HIGH)
    with pytest.raises(UsageError, match=r"\(3, 7, 11\).*\(1, 7, 11\)"):
        metric(WIDE[0], WIDE[1, :1])


@pytest.mark.parametrize(
    ("call", "numbers"),
    [
        (lambda: misclassification_auroc(FOUR, THREE), "4 uncertainties and 3 answers"),
        (lambda: aurc(FOUR, THREE), "4 uncertainties and 3 answers"),
        (lambda: expected_calibration_error(FOUR, THREE), "4 confidences and 3 answers"),
        (lambda: brier_score(FOUR, THREE[:1]), "4 confidences and 1 answers"),
        (lambda: reliability_diagram(FOUR, THREE), "4 confidences and 3 answers"),
        (lambda: rejection_curve(FOUR, THREE), "4 uncertainties and 3 answers"),
        (
            lambda: brier_score_of_classes(np.eye(4), np.array([0, 1, 2])),
            "4 probabilities and 3 labels",
        ),
        (lambda: total_variation(FOUR[None], THREE[None]), r"\(1, 4\) .*\(1, 3\)"),
        (lambda: by_rank(FOUR[None], THREE[None]), r"\(1, 4\) .*\(1, 3\)"),
        (lambda: relevance_mass(FOUR[None], THREE[None] > 0), r"\(1, 4\) .*\(1, 3\)"),
        (lambda: pointing_game(FOUR[None], THREE[None, :1] > 0), r"\(1, 4\) .*\(1, 1\)"),
        (lambda: on_relevant(BOXES, BOXES[:1]), "3 regions and 1 relevant"),
        (lambda: found_objects(BOXES, np.ones((3, 1), bool), BOXES), r"\(3, 5\) .*\(3, 1\)"),
        (lambda: found_objects(BOXES, np.ones((3, 5), bool), BOXES[:1]), "and 1 relevant"),
        (lambda: found(BOXES[0], THREE, BOXES[1]), "5 boxes and 3 scores"),
        (lambda: most_important(FOUR[None], THREE[None] > 0), r"\(1, 4\) .*\(1, 3\)"),
        (
            lambda: human_alignment(rank_correlation, WIDE[0], [WIDE[1]] * 4),
            "3 maps and the human maps of 4 questions",
        ),
        (lambda: uncertainties(np.ones((2, 4, 1)), THREE), "4 questions and 3 variance"),
        (lambda: paired_bootstrap(FOUR, THREE[:1], **DRAWS), "4 a and 1 b"),
        (lambda: bootstrap_mean(FOUR, clusters=THREE, **DRAWS), "and 3 clusters"),
        (lambda: bootstrap_mean_of_means((FOUR, THREE), **DRAWS), "4 values and 3 clusters"),
        (lambda: bootstrap_statistic(mean, FOUR, clusters=THREE, **DRAWS), "and 3 clusters"),
        (lambda: mean_contrast(FOUR, FOUR, clusters=THREE, **DRAWS), "and 3 clusters"),
        (lambda: statistic_contrast(mean, FOUR, clusters=THREE, **DRAWS), "and 3 clusters"),
        (lambda: rank_biserial(FOUR, THREE[:1]), "4 a and 1 b"),
        (
            lambda: predict_failure(FOUR[:, None], THREE > 0, clusters=FOUR, seed=0),
            "4 features and 3 answers and 4 clusters",
        ),
    ],
)  # fmt: skip
def test_other_numbers_of_rows_are_refused(call, numbers):
    with pytest.raises(UsageError, match=f"{numbers}.*do not belong together"):
        call()


def test_zeros_and_ones_are_truth_values_and_nothing_else_is():
    correct = np.array([1, 1, 0, 0])
    assert misclassification_auroc(FOUR, correct) == misclassification_auroc(FOUR, correct > 0)
    assert misclassification_auroc(FOUR, correct) == 0.75
    assert misclassification_auroc(FOUR, correct.astype(float)) == 0.75
    with pytest.raises(UsageError, match=r"correct: 0\.3 is neither 0 nor 1"):
        misclassification_auroc(FOUR, np.array([1.0, 0.3, 0.0, 1.0]))
    shows = np.array([[1, 0, 0, 1]])
    assert pointing_game(FOUR[None], shows).tolist() == [1.0]
    assert relevance_mass(FOUR[None], shows) == relevance_mass(FOUR[None], shows > 0)
    assert most_important(FOUR[None], np.ones((1, 4), int)).tolist() == [[0, 0, 0, 1]]
