import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from vqax.stats.bootstrap import paired_bootstrap
from vqax.stats.contrast import (
    Contrast,
    correlation,
    either_sign,
    gain_contrast,
    mean_contrast,
    mean_of_both,
    rank_contrast,
    rate_difference,
    separation,
    spread_difference,
    statistic_contrast,
    unpaired_contrast,
)
from vqax.stats.nemenyi import critical_difference, nemenyi
from vqax.stats.verdict import outcome


def sample(n=40, images=9, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=n), rng.normal(size=n), rng.integers(0, images, n)


def slow_interval(statistic, columns, clusters, samples, seed):
    rng = np.random.default_rng(seed)
    names = sorted(set(clusters))
    draws = []
    for _ in range(samples):
        rows = []
        for chosen in rng.integers(0, len(names), len(names)):
            rows += [i for i, name in enumerate(clusters) if name == names[chosen]]
        draws.append(statistic(*(column[rows] for column in columns)))
    tail = min(sum(d <= 0 for d in draws), sum(d >= 0 for d in draws)) + 1
    return *np.percentile(draws, [2.5, 97.5]), min(1, 2 * tail / (samples + 1))


@pytest.mark.parametrize("statistic", [correlation, spread_difference])
def test_a_statistic_of_drawn_clusters_equals_a_loop(statistic):
    a, b, images = sample()
    fast = statistic_contrast(statistic, a, b, clusters=images, samples=60, seed=4)
    assert fast.value == pytest.approx(statistic(a, b))
    slow = slow_interval(statistic, (a, b), images, 60, 4)
    assert (fast.low, fast.high, fast.p) == pytest.approx(slow, abs=1e-12)
    assert fast.n == 40


def test_for_the_mean_it_is_the_paired_bootstrap():
    a, b, images = sample()
    general = statistic_contrast(
        lambda x, y: float((x - y).mean()), a, b, clusters=images, samples=80, seed=2
    )
    assert general == pytest.approx(mean_contrast(a, b, clusters=images, samples=80, seed=2))
    assert general == pytest.approx(paired_bootstrap(a, b, clusters=images, samples=80, seed=2))


def test_rows_with_a_nan_are_left_out():
    a, b, images = sample()
    a[3], b[5] = np.nan, np.nan
    keep = np.setdiff1d(np.arange(40), [3, 5])
    options = {"samples": 30, "seed": 0}
    with_nan = statistic_contrast(correlation, a, b, clusters=images, **options)
    without = statistic_contrast(correlation, a[keep], b[keep], clusters=images[keep], **options)
    assert with_nan == without
    assert with_nan.n == 38


def test_without_values_or_with_a_constant_there_is_no_interval():
    nothing = np.full(8, np.nan)
    images, options = np.arange(8), {"samples": 20, "seed": 0}
    empty = statistic_contrast(correlation, nothing, nothing, clusters=images, **options)
    assert empty.n == 0
    assert np.isnan([empty.value, empty.low, empty.high, empty.p]).all()
    constant = statistic_contrast(
        correlation, np.ones(8), np.arange(8.0), clusters=images, **options
    )
    assert np.isnan([constant.value, constant.low]).all()


def test_a_gain_is_a_difference_of_differences():
    rng = np.random.default_rng(1)
    a, b, c, d = rng.normal(size=(4, 30))
    images = np.arange(30)
    gain = gain_contrast(a, b, c, d, clusters=images, samples=50, seed=0)
    assert gain.value == pytest.approx(a.mean() - b.mean() - (c.mean() - d.mean()))
    swapped = gain_contrast(c, d, a, b, clusters=images, samples=50, seed=0)
    assert (swapped.low, swapped.high) == pytest.approx((-gain.high, -gain.low))


def test_correlation_is_spearmans():
    x = np.array([1.0, 2, 2, 5, 9])
    y = np.array([3.0, 1, 4, 4, 8])
    assert correlation(x, y) == pytest.approx(spearmanr(x, y).statistic)


@given(st.lists(st.integers(0, 5), min_size=2, max_size=9), st.integers(0, 2**9 - 1))
def test_separation_counts_pairs_of_a_wrong_and_a_right_answer(values, bits):
    right = np.array([bits >> i & 1 for i in range(len(values))], dtype=float)
    uncertainty = np.array(values, dtype=float)
    pairs = [
        (w > r) + 0.5 * (w == r) for w in uncertainty[right == 0] for r in uncertainty[right == 1]
    ]
    found = separation(uncertainty, right)
    if pairs:
        assert found == pytest.approx(np.mean(pairs) - 0.5)
    else:
        assert np.isnan(found)


def test_mean_ranks_differ_exactly_where_nemenyi_says_so():
    scores = np.random.default_rng(3).normal(size=(12, 4)) + np.array([2.0, 1.5, 0.4, 0.0])
    result = nemenyi(scores)
    cd = critical_difference(4, 12)
    significant = 0
    for other in (1, 2, 3):
        contrast = rank_contrast(result.ranks[0], result.ranks[other], k=4, blocks=12, cd=cd)
        assert contrast.p == pytest.approx(result.p[0, other])
        assert (contrast.low > 0) == (contrast.p < 0.05)
        assert contrast.n == 12
        significant += contrast.low > 0
    assert 0 < significant < 3


def test_a_rate_is_of_all_words_not_the_mean_over_questions():
    hits_a, of_a = np.array([1.0, 0.0, 0.0]), np.array([1.0, 3.0, 0.0])
    hits_b, of_b = np.array([0.0, 2.0, 0.0]), np.array([2.0, 2.0, 1.0])
    assert rate_difference(hits_a, of_a, hits_b, of_b) == pytest.approx(1 / 4 - 2 / 5)
    assert np.isnan(rate_difference(hits_a, of_a, hits_b, 0 * of_b))


def test_the_interval_of_a_rate_equals_a_loop():
    rng = np.random.default_rng(2)
    of_a, of_b = rng.integers(0, 3, (2, 40)).astype(float)
    columns = (np.minimum(of_a, 1.0), of_a, np.minimum(of_b, 1.0) / 2, of_b)
    images = rng.integers(0, 9, 40)
    fast = statistic_contrast(rate_difference, *columns, clusters=images, samples=60, seed=4)
    slow = slow_interval(rate_difference, columns, images, 60, 4)
    assert (fast.low, fast.high, fast.p) == pytest.approx(slow, abs=1e-12)


@pytest.mark.parametrize("swapped", [False, True])
def test_either_sign_is_the_size_with_the_interval_turned_around(swapped):
    a, b, images = sample()
    larger, smaller = (a + 2, b) if a.mean() + 2 > b.mean() else (b, a + 2)
    options = {"clusters": images, "samples": 80, "seed": 1}
    plain = mean_contrast(larger, smaller, **options)
    sides = (smaller, larger) if swapped else (larger, smaller)
    found = either_sign(*sides, **options)
    assert found == pytest.approx(plain)
    assert found.low > 0


def test_a_size_that_may_be_zero_has_an_interval_around_it():
    a, _, images = sample()
    found = either_sign(a, a + a[::-1] / 9, clusters=images, samples=80, seed=1)
    assert found.value >= 0
    assert found.low < 0 < found.high


def test_the_mean_of_both_sets_weighs_the_sets_not_the_questions():
    difference, first = np.array([4.0, 0.0, 2.0, 7.0]), np.array([1.0, 1.0, 1.0, 0.0])
    assert mean_of_both(difference, first) == pytest.approx((2.0 + 7.0) / 2)
    assert mean_of_both(-difference, 1 - first) == pytest.approx(-4.5)
    assert np.isnan(mean_of_both(difference, np.ones(4)))
    assert np.isnan(mean_of_both(difference, np.zeros(4)))


def test_the_interval_of_the_mean_of_both_sets_equals_a_loop_and_knows_shared_pictures():
    difference, _, images = sample(n=60, images=12)
    first = np.arange(60) % 3 == 0
    columns = (difference, first.astype(float))
    fast = statistic_contrast(mean_of_both, *columns, clusters=images, samples=60, seed=4)
    slow = slow_interval(mean_of_both, columns, images, 60, 4)
    assert (fast.low, fast.high, fast.p) == pytest.approx(slow, abs=1e-12)
    again = np.concatenate([difference, difference])  # the same questions in both sets
    of_first = np.repeat([1.0, 0.0], 60)
    options = {"samples": 60, "seed": 4}
    twice = statistic_contrast(
        mean_of_both, again, of_first, clusters=np.concatenate([images, images]), **options
    )
    alone = mean_contrast(difference, np.zeros(60), clusters=images, **options)
    assert twice[:3] == pytest.approx(alone[:3])


def test_unpaired_samples_are_drawn_each_by_itself():
    rng = np.random.default_rng(0)
    larger, smaller = rng.normal(1.0, 1.0, 50), rng.normal(0.0, 2.0, 80)
    found = unpaired_contrast(larger, smaller, samples=2000, seed=0)
    assert found.value == pytest.approx(larger.mean() - smaller.mean())
    assert found.n == 130
    error = np.sqrt(larger.var() / 50 + smaller.var() / 80)
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.06)
    assert found.low < found.value < found.high
    assert (found.p < 0.05) == (found.low > 0)
    rotated = unpaired_contrast(smaller, larger, samples=2000, seed=0)
    assert rotated.value == pytest.approx(-found.value)
    assert rotated.high < 0


EQUAL = np.array([(0.3 + 0.6) / 2] * 12), np.array([(0.9 + 0.0) / 2] * 12)
IMAGES = np.arange(12)


def test_equal_systems_are_not_told_apart_by_rounding():
    a, b = EQUAL
    assert (a < b).all()
    draws = {"samples": 50, "seed": 0}
    nothing = Contrast(0.0, 0.0, 0.0, 12, 1.0)
    assert mean_contrast(b, a, clusters=IMAGES, **draws) == nothing
    assert gain_contrast(b, a, a, a, clusters=IMAGES, **draws) == nothing
    assert unpaired_contrast(b, a, **draws) == nothing._replace(n=24)
    assert outcome(mean_contrast(b, a, clusters=IMAGES, **draws)) == "inconclusive"


def test_sums_that_cancel_are_zero_on_both_sides():
    """Each resample of whole images adds up .3 + .6 - .9, which is not 0 in floating point."""
    values, images = np.array([0.3, 0.6, -0.9] * 8), np.repeat(np.arange(8), 3)
    assert values.sum() != 0
    found = mean_contrast(values, np.zeros(24), clusters=images, samples=50, seed=1)
    assert found == Contrast(0.0, 0.0, 0.0, 24, 1.0)


def test_statistics_of_equal_columns_are_zero():
    a, b = EQUAL
    noise = np.linspace(-1, 1, 12)
    assert spread_difference(noise + 0.3 + 0.6, noise + 0.9) == 0.0
    assert rate_difference(a, np.ones(12), b, np.ones(12)) == 0.0
    assert mean_of_both(np.r_[a, -b], np.repeat([1.0, 0.0], 12)) == 0.0
