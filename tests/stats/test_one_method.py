"""The value of one method over trainings and images: literally, and by simulation."""

import numpy as np
import pytest
import scipy.stats

from vqax.stats.bootstrap import bootstrap_mean
from vqax.stats.contrast import correlation
from vqax.stats.one_method import (
    mean_level,
    mean_side_of_known,
    statistic_level,
)

SEEDS, IMAGES = 5, 60


def two_way(rng, *, true=0.0, seed_sd=0.05, image_sd=0.3, both_sd=0.3, seeds=SEEDS, images=IMAGES):
    """y[training, image] with effects of both and what is particular to the pair."""
    return (
        true
        + seed_sd * rng.standard_normal((seeds, 1))
        + image_sd * rng.standard_normal(images)
        + both_sd * rng.standard_normal((seeds, images))
    )


def test_one_training_has_the_t_interval_of_its_images():
    values = two_way(np.random.default_rng(0), seeds=1)
    found = mean_level(values)
    expected = scipy.stats.ttest_1samp(values[0], 0.0)
    interval = expected.confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.p == pytest.approx(expected.pvalue)
    assert found.by_seed == (pytest.approx(values.mean()),)


def test_the_interval_is_that_of_the_two_way_layout():
    """Literally: V of the mean over trainings, s² / n, and what both count taken off once."""
    values = two_way(np.random.default_rng(1))
    found = mean_level(values)
    between = values.mean(axis=1).var(ddof=1) / SEEDS
    over_images = values.mean(axis=0).var(ddof=1) / IMAGES
    centred = values - values.mean(axis=1, keepdims=True)
    scaled = centred * np.sqrt(IMAGES / (IMAGES - 1)) / IMAGES
    own = scaled.var(axis=0, ddof=1).sum() / SEEDS
    rest = over_images - min(own, over_images, between)
    df = (between + rest) ** 2 / (between**2 / (SEEDS - 1) + rest**2 / (IMAGES - 1))
    half = scipy.stats.t.ppf(0.975, df) * np.sqrt(between + rest)
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half))


@pytest.mark.parametrize(
    "effects",
    [{"seed_sd": 0.1}, {"image_sd": 0.6, "seed_sd": 0.01}, {"both_sd": 0.8, "seed_sd": 0.01}],
    ids=["trainings", "images", "pairs"],
)
def test_the_interval_covers_the_truth_where_images_alone_do_not(effects):
    rng = np.random.default_rng(2)
    draws = [two_way(rng, true=0.4, **effects) for _ in range(600)]
    found = [mean_level(values) for values in draws]
    covered = np.mean([one.low <= 0.4 <= one.high for one in found])
    assert 0.92 <= covered <= 0.985
    if effects == {"seed_sd": 0.1}:
        alone = [bootstrap_mean(v.mean(axis=0), samples=200, seed=0) for v in draws[:200]]
        assert np.mean([one.low <= 0.4 <= one.high for one in alone]) < 0.85


def test_an_image_without_a_value_is_left_out_of_its_training():
    values = two_way(np.random.default_rng(3))
    values[0, :7] = np.nan
    values[:, 20] = np.nan
    found = mean_level(values)
    assert found.n == IMAGES - 1
    np.testing.assert_allclose(found.by_seed, np.nanmean(values, axis=1))
    side = mean_side_of_known(values)
    assert (side.effects[20] == 0).all()
    kept = values[1][~np.isnan(values[1])]
    expected = kept.var(ddof=1) / len(kept)
    assert np.square(side.effects[:, 1]).sum() == pytest.approx(expected)


@pytest.mark.parametrize("values", [np.full((2, 9), np.nan), np.zeros((3, 1))])
def test_without_values_nothing_is_known(values):
    found = mean_level(values)
    assert np.isnan([found.value, found.low, found.high, found.p]).all()
    assert len(found.by_seed) == len(values)


def test_values_that_never_differ_have_no_width():
    found = mean_level(np.ones((3, 8)))
    assert (found.value, found.low, found.high, found.p) == (1.0, 1.0, 1.0, 0.0)
    assert mean_level(np.zeros((1, 8))).p == 1.0


def test_a_statistic_is_that_of_each_training():
    rng = np.random.default_rng(4)
    x = two_way(rng)
    y = x + rng.standard_normal(x.shape)
    found = statistic_level(correlation, x, y, samples=100)
    each = [scipy.stats.spearmanr(a, b).statistic for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(found.by_seed, each)
    assert found.low < found.value < found.high
    assert found.value == pytest.approx(np.mean(each))


def test_a_statistic_without_a_value_is_not_a_number():
    constant = np.ones((2, 10))
    found = statistic_level(correlation, constant, constant, samples=20)
    assert np.isnan([found.value, found.low, found.p]).all()


def test_two_conditions_of_the_same_trainings_are_no_independent_ones():
    """What a training is good at it is under both conditions, and leaves their difference."""
    rng = np.random.default_rng(5)
    shared = 0.3 * rng.standard_normal((SEEDS, 1))
    a = 0.5 + shared + 0.05 * rng.standard_normal((SEEDS, IMAGES))
    b = 0.4 + shared + 0.05 * rng.standard_normal((SEEDS, IMAGES))
    found = mean_level(a - b)
    assert found.low > 0.05
    assert mean_level(a).high - mean_level(a).low > 5 * (found.high - found.low)
