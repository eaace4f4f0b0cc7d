from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vqax.metrics import UNCERTAINTY_METRICS
from vqax.metrics.uncertainty import (
    aleatoric,
    entropy,
    misclassification,
    mutual_information,
    nll_of_error,
    predictive,
    probability_variance,
    uncertainties,
)

SAMPLES = arrays(np.float64, (4, 2, 3), elements=st.floats(-30, 30)).map(
    lambda logits: np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
)


def slow_entropy(row) -> float:
    return -sum(p * log(p) for p in row if p > 0)


@given(SAMPLES)
def test_measures_as_their_definitions(mc):
    for i in range(mc.shape[1]):
        mean = [sum(mc[:, i, c]) / 4 for c in range(3)]
        expected_entropy = sum(slow_entropy(mc[s, i]) for s in range(4)) / 4
        spread = sum((mc[s, i, c] - mean[c]) ** 2 for s in range(4) for c in range(3)) / 12
        assert entropy(mc.mean(0))[i] == pytest.approx(slow_entropy(mean), abs=1e-12)
        information = slow_entropy(mean) - expected_entropy
        assert mutual_information(mc)[i] == pytest.approx(information, abs=1e-9)
        assert probability_variance(mc)[i] == pytest.approx(spread, abs=1e-12)


@given(SAMPLES)
def test_ranges(mc):
    assert ((entropy(mc) >= 0) & (entropy(mc) <= log(3) + 1e-9)).all()
    assert (mutual_information(mc) >= 0).all()
    assert (mutual_information(mc) <= entropy(mc.mean(0)) + 1e-9).all()


def test_passes_that_agree_know_and_passes_that_disagree_do_not():
    agree = np.tile([[0.5, 0.5]], (4, 1, 1))
    disagree = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    assert mutual_information(agree) == pytest.approx([0])
    assert mutual_information(disagree) == pytest.approx([log(2)])


def test_predictive_is_entropy_plus_mean_variance():
    mc = np.full((2, 3, 4), 0.25)
    per_pass = np.array([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]])
    np.testing.assert_allclose(predictive(mc, per_pass), np.full(3, log(4) + 1))
    np.testing.assert_allclose(predictive(mc, np.array([0.0, 1, 2])), log(4) + np.arange(3))
    np.testing.assert_array_equal(aleatoric(per_pass), [1, 1, 1])


def test_misclassification_follows_the_votes_and_then_the_mean():
    votes = np.array([[[0.51, 0.49, 0]], [[0.51, 0.49, 0]], [[0.0, 1.0, 0]]])
    assert misclassification(votes) == pytest.approx([1 - 1.02 / 3])
    level = np.array([[[0.6, 0.4, 0]], [[0.1, 0.9, 0]]])
    assert misclassification(level) == pytest.approx([1 - 0.65])


def test_classification_error_is_finite_and_grows():
    np.testing.assert_allclose(nll_of_error(np.array([0.0, 0.5])), [0, log(2)], atol=1e-12)
    assert nll_of_error(np.array([1.0])) == pytest.approx([12 * log(10)])


def test_all_at_once_by_the_names_of_the_tables():
    mc = np.random.default_rng(0).dirichlet(np.ones(5), size=(3, 4))
    variance = np.random.default_rng(1).random((3, 4))
    table = uncertainties(mc, variance)
    assert set(table) == set(UNCERTAINTY_METRICS)
    np.testing.assert_allclose(table["predictive"], table["entropy"] + table["aleatoric"])
    without = uncertainties(mc, None)
    assert np.isnan(without["aleatoric"]).all()
    np.testing.assert_array_equal(without["predictive"], without["entropy"])
