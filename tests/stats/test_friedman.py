import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import friedmanchisquare

from vqax.errors import BadData, UsageError
from vqax.stats.friedman import friedman
from vqax.stats.nemenyi import nemenyi


@given(arrays(np.float64, (6, 4), elements=st.integers(0, 3).map(float)))
def test_equals_scipy_with_ties(scores):
    assume((scores != scores[:, :1]).any())
    expected = friedmanchisquare(*scores.T)
    result = friedman(scores)
    assert result.chi2 == pytest.approx(expected.statistic, abs=1e-9)
    assert result.p == pytest.approx(expected.pvalue, abs=1e-12)


def test_p_of_figure_12():
    """U-CAM prints p = .003534; squared rank sums of 1422 in 4 blocks of 6 give it (facts 3.4)."""
    ranks = np.array(
        [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 6, 5], [1, 2, 4, 5, 6, 3]]
    )
    assert np.square(ranks.sum(axis=0)).sum() == 1422
    result = friedman(-ranks.astype(float))
    assert result.chi2 == pytest.approx(17.5714, abs=1e-4)
    assert result.p == pytest.approx(0.003534, abs=1e-6)


def test_rank_one_is_the_best():
    scores = np.array([[0.9, 0.1, 0.5], [0.8, 0.2, 0.2]])
    np.testing.assert_array_equal(friedman(scores).mean_ranks, [1, 2.75, 2.25])
    np.testing.assert_array_equal(
        friedman(scores, higher_is_better=False).mean_ranks, [3, 1.25, 1.75]
    )


def test_all_ties_tell_nothing():
    assert friedman(np.ones((3, 4)))[:2] == (0, 1)


def test_a_missing_score_names_its_block():
    scores = np.ones((3, 2))
    scores[1, 1] = np.nan
    with pytest.raises(BadData, match=r"vqa_v2 number.*method number 1"):
        friedman(scores, blocks=["vqa_v1 all", "vqa_v2 number", "vqa_v2 other"])
    with pytest.raises(BadData, match="block number 1"):
        friedman(scores)


@pytest.mark.parametrize("shape", [(0, 3), (4, 1)])
def test_too_little_to_rank(shape):
    with pytest.raises(UsageError, match=f"{shape[0]} blocks of {shape[1]} methods"):
        friedman(np.ones(shape))


@pytest.mark.parametrize("scale", [1.0, -1e-6, 1e6])
def test_methods_that_are_equal_but_for_rounding_are_tied(scale):
    """Two questions of .3 and .6 against .9 and 0: the same mean, other last digits."""
    scores = np.array([[(0.3 + 0.6) / 2, (0.9 + 0.0) / 2]] * 6) * scale
    assert (scores[:, 0] != scores[:, 1]).all()
    result = friedman(scores)
    assert result.mean_ranks.tolist() == [1.5, 1.5]
    assert (result.chi2, result.p) == (0.0, 1.0)
    assert nemenyi(scores).p[0, 1] == 1.0


def test_what_is_zero_but_for_rounding_is_tied_with_zero():
    assert friedman(np.array([[0.3, 0.0, 0.1 + 0.2 - 0.3]])).mean_ranks.tolist() == [1, 2.5, 2.5]
