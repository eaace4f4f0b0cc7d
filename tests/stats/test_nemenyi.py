from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqax.errors import BadData
from vqax.stats.friedman import friedman
from vqax.stats.nemenyi import critical_difference, nemenyi, not_different


@pytest.mark.parametrize(
    ("k", "n", "alpha", "expected"),
    [
        (6, 4, 0.05, 3.7702),  # U-CAM, Fig. 12
        (2, 1, 0.05, 1.960 * np.sqrt(6 / 6)),  # the rest: table 5 of Demšar 2006
        (4, 14, 0.05, 2.569 * np.sqrt(20 / 84)),
        (10, 30, 0.05, 3.164 * np.sqrt(110 / 180)),
        (4, 14, 0.10, 2.291 * np.sqrt(20 / 84)),
    ],
)
def test_critical_difference_as_printed(k, n, alpha, expected):
    assert critical_difference(k, n, alpha) == pytest.approx(expected, abs=1e-3)


@given(st.lists(st.integers(0, 12), min_size=2, max_size=7), st.integers(1, 8))
def test_groups_are_the_maximal_sets_that_span_less_than_cd(quarters, cd_quarters):
    ranks, cd = np.array(quarters) / 4, cd_quarters / 4
    k = len(ranks)
    close = [
        set(c)
        for size in range(2, k + 1)
        for c in combinations(range(k), size)
        if np.ptp(ranks[list(c)]) < cd
    ]
    maximal = [group for group in close if not any(group < other for other in close)]
    groups = not_different(ranks, cd)
    assert sorted(map(sorted, groups)) == sorted(map(sorted, maximal))
    assert all((np.diff(ranks[list(group)]) >= 0).all() for group in groups)


def test_p_and_cd_say_the_same():
    rng = np.random.default_rng(0)
    result = nemenyi(rng.normal(size=(40, 5)) + np.array([0, 0.2, 0.5, 0.9, 1.0]))
    apart = np.abs(result.ranks[:, None] - result.ranks[None])
    np.testing.assert_array_equal(result.p < 0.05, apart > result.cd)
    np.testing.assert_array_equal(result.p, result.p.T)
    np.testing.assert_array_equal(np.diag(result.p), 1)
    assert 0 < (result.p < 0.05).sum() < 20
    together = {pair for group in result.groups for pair in combinations(sorted(group), 2)}
    assert together == {(i, j) for i, j in combinations(range(5), 2) if apart[i, j] < result.cd}


def test_a_difference_of_exactly_cd_is_on_the_border():
    scores = np.array([[3.0, 2, 1], [3, 2, 1], [3, 1, 2], [2, 3, 1]])
    q = np.abs(nemenyi(scores).ranks[0] - nemenyi(scores).ranks[2])
    alpha = nemenyi(scores).p[0, 2]
    assert critical_difference(3, 4, float(alpha)) == pytest.approx(q, abs=1e-6)


def test_carries_friedmans_numbers():
    scores = np.random.default_rng(0).normal(size=(7, 3))
    result, omnibus = nemenyi(scores), friedman(scores)
    assert (result.friedman_chi2, result.friedman_p, result.n_blocks) == (*omnibus[:2], 7)
    np.testing.assert_array_equal(result.ranks, omnibus.mean_ranks)


def test_a_missing_score_is_an_error_and_not_a_dropped_block():
    scores = np.ones((2, 3))
    scores[0, 2] = np.nan
    with pytest.raises(BadData, match="block yes/no"):
        nemenyi(scores, blocks=["yes/no", "other"])
