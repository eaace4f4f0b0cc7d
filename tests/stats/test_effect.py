import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wilcoxon

from vqax.stats.effect import rank_biserial


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_equals_the_signed_ranks_written_out(differences):
    d = [x for x in differences if x != 0]
    rank = [sum(abs(y) < abs(x) for y in d) + (sum(abs(y) == abs(x) for y in d) + 1) / 2 for x in d]
    up = sum(r for r, x in zip(rank, d, strict=True) if x > 0)
    down = sum(r for r, x in zip(rank, d, strict=True) if x < 0)
    expected = (up - down) / (up + down) if d else 0
    a = np.array(differences, dtype=float)
    assert rank_biserial(a, np.zeros_like(a)) == pytest.approx(expected)


def test_equals_wilcoxons_rank_sums():
    a, b = np.random.default_rng(0).normal(size=(2, 40))
    up = wilcoxon(a, b, alternative="greater").statistic
    assert rank_biserial(a, b) == pytest.approx(2 * up / (40 * 41 / 2) - 1)


def test_sign_extremes_and_missing_pairs():
    a, b = np.array([2.0, 3.0, np.nan]), np.array([1.0, 1.0, 9.0])
    assert rank_biserial(a, b) == 1
    assert rank_biserial(b, a) == -1
    assert rank_biserial(a, a) == 0


def test_differences_that_are_rounding_are_none_and_equal_ones_are_tied():
    a = np.array([(0.3 + 0.6) / 2, 0.9, 0.3, 0.1])
    b = np.array([(0.9 + 0.0) / 2, 0.6, 0.0, 0.4])
    assert np.unique(a - b).size == 4  # -.3, rounding, and .3 in two spellings
    assert rank_biserial(a, b) == pytest.approx(1 / 3)
