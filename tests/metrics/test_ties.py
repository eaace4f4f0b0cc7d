"""Equal but for rounding is equal: in each metric, at an example whose last digits differ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import rankdata

from vqax.evidential.overlap import overlap
from vqax.evidential.reliability import rejection_curve
from vqax.metrics.calibration import aurc, misclassification_auroc
from vqax.metrics.emd import histogram_emd
from vqax.metrics.faithfulness import ranks
from vqax.metrics.key_objects import pointing_game
from vqax.metrics.rank_correlation import average_ranks, rank_correlation
from vqax.metrics.ties import exact_ties, parted, right_answers, without_rounding
from vqax.metrics.uncertainty import mutual_information, probability_variance
from vqax.metrics.word_importance import most_important
from vqax.stats.contrast import separation

LOW, HIGH = 0.3, 0.1 + 0.2
"""One number, added up in two ways: LOW < HIGH."""
rows_of_thirds = arrays.arrays(
    np.int64, st.tuples(st.integers(1, 4), st.integers(1, 9)), elements=st.integers(-6, 6)
)


@given(rows_of_thirds, st.integers(0, 2**32 - 1))
def test_ranks_are_those_of_the_numbers_before_rounding(thirds, seed):
    jitter = np.random.default_rng(seed).uniform(-1e-15, 1e-15, thirds.shape)
    values = thirds / 3 * (1 + jitter)
    np.testing.assert_array_equal(average_ranks(values), rankdata(thirds, axis=1))
    np.testing.assert_array_equal(rankdata(exact_ties(values), axis=1), rankdata(thirds, axis=1))


@given(
    arrays.arrays(
        np.float64,
        st.tuples(st.integers(1, 4), st.integers(1, 9)),
        elements=st.floats(allow_nan=False, width=16),
    )
)
def test_numbers_that_differ_stay_as_they_are(values):
    np.testing.assert_array_equal(exact_ties(values), values)


def test_neither_infinities_nor_small_numbers_nor_integers_are_equal_to_others():
    values = np.array([-np.inf, -1e300, 0.0, 1e-300, 2e-300, 1e300, np.inf, np.inf, np.nan])
    differ = [True, True, True, True, True, True, False, True]
    assert parted(values[:-1], values[1:]).tolist() == differ
    whole = np.array([10**12, 10**12 + 1])
    assert parted(whole[:1], whole[1:]).tolist() == [True]
    single = np.float32([1.0, np.nextafter(np.float32(1), np.float32(2))])
    assert parted(single[:1], single[1:]).tolist() == [False]


def test_a_difference_of_equals_is_zero():
    a, b = np.array([0.45, 1.0, np.nan, np.inf]), np.array([0.9 / 2, 1.1, 0.0, 1.0])
    a[0] = 0.3 / 2 + 0.6 / 2
    assert a[0] != b[0]
    np.testing.assert_array_equal(without_rounding(a - b, a, b), [0.0, 1.0 - 1.1, np.nan, np.inf])


def test_a_mean_of_one_half_over_seeds_is_right():
    seeds = np.array([[1.0, 0.9, 0.3, 0.0, 0.3], [0.9, 0.9, 0.3, 0.0, 0.3]])
    accuracy = seeds.mean(axis=1)
    assert accuracy[0] < 0.5
    assert right_answers(accuracy).tolist() == [True, False]
    uncertainty = np.array([0.1, 0.9])
    assert separation(uncertainty, accuracy) == 0.5


def test_a_flat_map_that_was_rounded_is_flat():
    flat = np.float32([[[0.3, 0.1 + 0.2 + 1e-8, 0.3], [0.3, 0.3, 0.3]]])
    flat[0, 0, 1] = np.nextafter(flat[0, 0, 0], np.float32(1))
    other = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    assert np.isnan(rank_correlation(flat, other)).all()
    assert np.isnan(histogram_emd(flat, other)).all()
    found = overlap(flat, other > 2, (0.5,), scale="min_max")
    assert found.dice.tolist() == [[0.0]]


def test_uncertainties_that_are_equal_but_for_rounding_count_half():
    uncertainty, correct = np.array([HIGH, LOW]), np.array([True, False])
    assert misclassification_auroc(uncertainty, correct) == 0.5
    assert misclassification_auroc(uncertainty[::-1], correct) == 0.5
    assert aurc(uncertainty, correct.astype(float)) == aurc(
        uncertainty[::-1], correct.astype(float)
    )
    assert rejection_curve(uncertainty, correct).coverage.tolist() == [1.0]


def test_passes_that_agree_have_no_epistemic_uncertainty():
    one = np.random.default_rng(0).dirichlet(np.ones(7), size=50)
    for samples in (np.stack([one] * 20), np.stack([one] * 20).astype(np.float32)):
        assert (mutual_information(samples) == 0).all()
        assert (probability_variance(samples) == 0).all()
    rounded = np.stack([one, one * (1 + 1e-15)])
    assert (mutual_information(rounded) == 0).all()
    assert (probability_variance(rounded) == 0).all()


@pytest.mark.parametrize("weights", [[LOW, HIGH, 0.1], [HIGH, LOW, 0.1]])
def test_equal_regions_and_words_share_or_keep_their_order(weights):
    row = np.array([weights])
    assert ranks(row).tolist() == [[0, 1, 2]]
    assert pointing_game(row, np.array([[True, False, False]])).tolist() == [0.5]
    assert most_important(row, np.ones((1, 3), bool)).tolist() == [[0.5, 0.5, 0.0]]
