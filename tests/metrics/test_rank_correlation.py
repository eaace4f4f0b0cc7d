import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata, spearmanr

from vqax.metrics.rank_correlation import average_ranks, rank_correlation


def slow_ranks(row: np.ndarray) -> list[float]:
    """A value's rank: 1 + how many are smaller + half of how many others are equal."""
    return [1 + (row < value).sum() + ((row == value).sum() - 1) / 2 for value in row]


@given(arrays(np.float64, (3, 7), elements=st.integers(-2, 2).map(float)))
def test_ranks_share_ties(values):
    expected = np.array([slow_ranks(row) for row in values])
    np.testing.assert_array_equal(average_ranks(values), expected)
    np.testing.assert_array_equal(average_ranks(values), rankdata(values, axis=1))


def test_ranks_do_not_tie_across_rows():
    np.testing.assert_array_equal(
        average_ranks(np.array([[1.0, 2.0], [2.0, 1.0]])), [[1, 2], [2, 1]]
    )


@pytest.mark.parametrize("decimals", [12, 1, 0])
def test_equals_a_loop_over_scipy(decimals):
    rng = np.random.default_rng(0)
    maps, human = rng.normal(size=(2, 50, 3, 5)).round(decimals)
    expected = [spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(maps, human, strict=True)]
    np.testing.assert_allclose(rank_correlation(maps, human), expected, rtol=0, atol=1e-12)


def test_only_the_order_counts():
    maps = np.arange(6.0).reshape(1, 2, 3)
    assert rank_correlation(maps, np.exp(maps))[0] == pytest.approx(1)
    assert rank_correlation(maps, -(maps**3))[0] == pytest.approx(-1)


def test_a_constant_map_or_a_nan_has_no_value():
    maps = np.arange(24.0).reshape(4, 2, 3)
    human = maps[::-1].copy()
    human[1] = 5.0
    maps[2, 0, 1] = np.nan
    assert np.isnan(rank_correlation(maps, human)).tolist() == [False, True, True, False]


def test_accepts_integer_and_single_precision_maps():
    maps = np.random.default_rng(1).integers(0, 255, (2, 3, 4), dtype=np.uint8)
    assert rank_correlation(maps, maps.astype(np.float32)) == pytest.approx([1, 1])
