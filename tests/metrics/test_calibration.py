from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from vqax.metrics.calibration import (
    aurc,
    brier_score,
    expected_calibration_error,
    misclassification_auroc,
)

ANSWERS = st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=6)


def columns(answers):
    uncertainty, correct = zip(*answers, strict=True)
    return np.array(uncertainty, dtype=float), np.array(correct)


@given(ANSWERS)
def test_auroc_equals_all_pairs(answers):
    uncertainty, correct = columns(answers)
    pairs = [
        1.0 if u > v else 0.5 if u == v else 0.0
        for u in uncertainty[~correct]
        for v in uncertainty[correct]
    ]
    value = misclassification_auroc(uncertainty, correct)
    assert value == pytest.approx(np.mean(pairs)) if pairs else np.isnan(value)


def test_auroc_equals_mann_whitney():
    rng = np.random.default_rng(0)
    uncertainty, correct = rng.normal(size=200).round(1), rng.random(200) < 0.7
    u = mannwhitneyu(uncertainty[~correct], uncertainty[correct]).statistic
    expected = u / (correct.sum() * (~correct).sum())
    assert misclassification_auroc(uncertainty, correct) == pytest.approx(expected, abs=1e-12)


def test_auroc_of_an_unknown_uncertainty_has_no_value():
    assert np.isnan(misclassification_auroc(np.array([np.nan, 1.0]), np.array([True, False])))


@given(ANSWERS)
def test_aurc_is_the_mean_over_all_orders_of_the_ties(answers):
    uncertainty, correct = columns(answers)
    areas = []
    for order in permutations(range(len(correct))):
        if (np.diff(uncertainty[list(order)]) >= 0).all():
            errors = 1.0 - correct[list(order)]
            areas.append(np.mean([errors[: k + 1].mean() for k in range(len(errors))]))
    assert aurc(uncertainty, correct.astype(float)) == pytest.approx(np.mean(areas))


def test_aurc_rewards_doubt_about_the_wrong_answers():
    correct = np.array([1.0, 1, 1, 0])
    assert aurc(np.array([0.1, 0.2, 0.3, 0.9]), correct) == pytest.approx(0.25 / 4)
    assert aurc(-np.array([0.1, 0.2, 0.3, 0.9]), correct) > 0.5
    assert np.isnan(aurc(np.array([]), np.array([])))


def slow_ece(confidence, correct, bins):
    total = 0.0
    for b in range(bins):
        inside = [
            i
            for i, c in enumerate(confidence)
            if b / bins < c <= (b + 1) / bins or (b == 0 and c == 0)
        ]
        if inside:
            gap = abs(confidence[inside].mean() - correct[inside].mean())
            total += len(inside) / len(confidence) * gap
    return total


@pytest.mark.parametrize("bins", [1, 4, 8])
def test_ece_equals_a_loop_over_bins(bins):
    rng = np.random.default_rng(0)
    confidence = rng.integers(0, 17, 60) / 16
    correct = rng.choice([0, 0.3, 0.6, 0.9, 1], 60)
    expected = slow_ece(confidence, correct, bins)
    value = expected_calibration_error(confidence, correct, bins=bins)
    assert value == pytest.approx(expected, abs=1e-12)


def test_ece_counts_a_confidence_of_exactly_one():
    ones = np.ones(4)
    assert expected_calibration_error(ones, ones) == 0
    assert expected_calibration_error(ones, np.zeros(4)) == 1
    assert expected_calibration_error(ones, np.array([1.0, 1, 1, 0])) == pytest.approx(0.25)
    assert np.isnan(expected_calibration_error(np.array([]), np.array([])))


def test_brier_score():
    assert brier_score(np.array([1.0, 0.5]), np.array([1.0, 0.0])) == pytest.approx(0.125)
    assert np.isnan(brier_score(np.array([]), np.array([])))
