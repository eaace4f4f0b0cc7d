"""Diagrams agree with the numbers of vqax.metrics.calibration."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqax.errors import UsageError
from vqax.evidential.reliability import (
    brier_score_of_classes,
    ood_auroc,
    rejection_curve,
    reliability_diagram,
)
from vqax.metrics.calibration import aurc, expected_calibration_error

ANSWERS = st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=12)


def columns(answers):
    tenths, correct = zip(*answers, strict=True)
    return np.array(tenths) / 10, np.array(correct)


@given(ANSWERS, st.integers(1, 7))
def test_the_gaps_are_the_calibration_error(answers, bins):
    confidence, correct = columns(answers)
    diagram = reliability_diagram(confidence, correct, bins=bins)
    gaps = np.abs(diagram.confidence - diagram.accuracy) * diagram.answers / len(correct)
    expected = expected_calibration_error(confidence, correct.astype(float), bins=bins)
    assert np.nansum(gaps) == pytest.approx(expected)
    assert diagram.answers.sum() == len(correct)


def test_bins_are_closed_above_and_the_first_one_below():
    diagram = reliability_diagram(np.array([0.0, 0.5, 1.0]), np.array([False, True, True]), bins=2)
    assert diagram.answers.tolist() == [2, 1]
    assert diagram.confidence.tolist() == [0.25, 1.0]
    assert diagram.accuracy.tolist() == [0.5, 1.0]
    assert (diagram.low.tolist(), diagram.high.tolist()) == ([0.0, 0.5], [0.5, 1.0])


def test_an_empty_bin_has_no_means():
    diagram = reliability_diagram(np.array([0.9]), np.array([True]), bins=3)
    assert np.isnan(diagram.accuracy).tolist() == [True, True, False]


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_confidence_out_of_range(value):
    with pytest.raises(UsageError, match=r"a confidence is outside \[0, 1\]"):
        reliability_diagram(np.array([value]), np.array([True]))


@given(ANSWERS)
def test_the_curve_is_what_a_threshold_answers(answers):
    uncertainty, correct = columns(answers)
    curve = rejection_curve(uncertainty, correct)
    for threshold, coverage, accuracy in zip(*curve, strict=True):
        answered = uncertainty <= threshold
        assert coverage == pytest.approx(answered.mean())
        assert accuracy == pytest.approx(correct[answered].mean())
    assert curve.coverage[-1] == 1
    assert (np.diff(curve.coverage) > 0).all()


def test_without_ties_the_mean_risk_is_the_area():
    rng = np.random.default_rng(0)
    uncertainty, correct = rng.random(50), rng.random(50) < 0.6
    risk = 1 - rejection_curve(uncertainty, correct).accuracy
    assert risk.mean() == pytest.approx(aurc(uncertainty, correct.astype(float)))


def test_an_unknown_uncertainty():
    with pytest.raises(UsageError, match="1 of 2 uncertainties are NaN"):
        rejection_curve(np.array([0.1, np.nan]), np.array([True, True]))


def test_strangers():
    assert ood_auroc(np.array([0.1, 0.2]), np.array([0.3, 0.4, 0.5])) == 1.0
    assert ood_auroc(np.array([0.1, 0.4]), np.array([0.1, 0.4])) == 0.5
    assert np.isnan(ood_auroc(np.array([0.1]), np.array([])))


def test_brier_of_all_classes():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.0, 1.0, 0.0]])
    expected = (0.25 + 0.49 + 0.04 + 2.0) / 2
    assert brier_score_of_classes(probabilities, np.array([1, 0])) == pytest.approx(expected)
    assert np.isnan(brier_score_of_classes(probabilities[:0], np.array([], int)))
