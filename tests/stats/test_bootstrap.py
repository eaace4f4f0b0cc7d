import numpy as np
import pytest

from vqax.metrics.calibration import misclassification_auroc
from vqax.stats import bootstrap
from vqax.stats.bootstrap import (
    bootstrap_mean,
    bootstrap_mean_of_means,
    bootstrap_statistic,
    paired_bootstrap,
)


def slow_interval(values, samples, seed):
    rng = np.random.default_rng(seed)
    means = []
    for _ in range(samples):
        rows = rng.integers(0, len(values), len(values))
        means.append(sum(values[r] for r in rows) / len(values))
    return np.percentile(means, [2.5, 97.5])


def test_equals_a_loop_with_the_same_seed():
    values = np.random.default_rng(0).normal(size=37)
    interval = bootstrap_mean(values, samples=200, seed=5)
    assert interval.value == pytest.approx(values.mean())
    assert interval[1:3] == pytest.approx(slow_interval(values, 200, 5), abs=1e-12)
    assert interval.n == 37


def test_large_inputs_are_resampled_in_steps_with_the_same_result(monkeypatch):
    values = np.random.default_rng(0).normal(size=40)
    whole = bootstrap_mean(values, samples=50, seed=1)
    monkeypatch.setattr(bootstrap, "DRAWS_AT_ONCE", 90)
    assert bootstrap_mean(values, samples=50, seed=1) == whole


def test_nans_are_left_out_and_not_counted():
    values = np.array([1.0, np.nan, 3.0, np.nan])
    interval = bootstrap_mean(values, seed=0)
    assert (interval.value, interval.n) == (2, 2)
    assert interval == bootstrap_mean(np.array([1.0, 3.0]), seed=0)
    nothing = bootstrap_mean(np.array([np.nan]), seed=0)
    assert np.isnan(nothing[:3]).all()
    assert nothing.n == 0


def test_covers_the_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    intervals = [bootstrap_mean(rng.normal(size=60), samples=300, seed=i) for i in range(200)]
    covered = np.mean([interval.low <= 0 <= interval.high for interval in intervals])
    assert 0.88 < covered < 0.99


def test_clusters_are_drawn_whole():
    values = np.array([1.0, 1, 1, 5, 9, 9])
    images = np.array(["a", "a", "a", "b", "c", "c"])
    interval = bootstrap_mean(values, samples=300, seed=3, clusters=images)
    rng = np.random.default_rng(3)
    groups = [values[images == name] for name in "abc"]
    means = [np.concatenate([groups[g] for g in rng.integers(0, 3, 3)]).mean() for _ in range(300)]
    assert interval[1:3] == pytest.approx(np.percentile(means, [2.5, 97.5]))
    assert interval.n == 6


def test_clusters_of_one_change_nothing_and_copies_widen():
    values = np.random.default_rng(0).normal(size=30)
    ids = np.arange(30)
    plain = bootstrap_mean(values, seed=0)
    assert bootstrap_mean(values, seed=0, clusters=ids) == pytest.approx(plain)
    twice, naive = np.tile(values, 2), bootstrap_mean(np.tile(values, 2), seed=0)
    honest = bootstrap_mean(twice, seed=0, clusters=np.tile(ids, 2))
    assert honest.high - honest.low > 1.2 * (naive.high - naive.low)


def test_paired_difference_uses_the_questions_that_both_have():
    a = np.array([1.0, 2.0, np.nan, 4.0])
    b = np.array([0.0, np.nan, 3.0, 2.0])
    difference = paired_bootstrap(a, b, seed=0)
    assert (difference.value, difference.n) == (1.5, 2)
    assert difference[:4] == bootstrap_mean(np.array([1.0, 2.0]), seed=0)


def test_p_of_a_clear_an_absent_and_a_missing_difference():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=100)
    assert paired_bootstrap(noise + 1, noise, samples=999, seed=0).p == pytest.approx(2 / 1000)
    assert paired_bootstrap(noise, noise, seed=0).p == 1
    other = rng.normal(size=100)
    both = [paired_bootstrap(*pair, seed=0).p for pair in ((noise, other), (other, noise))]
    assert both[0] == pytest.approx(both[1])
    assert 0.01 < both[0] <= 1
    assert np.isnan(paired_bootstrap(np.array([np.nan]), np.array([1.0]), seed=0).p)


def test_any_statistic_of_rows():
    rng = np.random.default_rng(0)
    correct = rng.random(80) < 0.6
    uncertainty = rng.normal(size=80) - correct
    interval = bootstrap_statistic(misclassification_auroc, uncertainty, correct, seed=0)
    assert interval.low < interval.value < interval.high
    assert interval.value == misclassification_auroc(uncertainty, correct)
    values = rng.normal(size=30)
    by_mean = bootstrap_statistic(lambda column: float(column.mean()), values, seed=0, samples=100)
    assert by_mean == pytest.approx(bootstrap_mean(values, seed=0, samples=100))


def test_clusters_of_a_statistic_are_drawn_whole():
    values, images = np.random.default_rng(2).normal(size=40), np.arange(40) % 9
    options = {"seed": 3, "samples": 100, "clusters": images}
    by_mean = bootstrap_statistic(lambda column: float(column.mean()), values, **options)
    assert by_mean == pytest.approx(bootstrap_mean(values, **options))
    alike = bootstrap_statistic(np.var, np.repeat(values[:4], 10), seed=3, samples=100)
    whole = bootstrap_statistic(
        np.var, np.repeat(values[:4], 10), seed=3, samples=100, clusters=np.repeat(np.arange(4), 10)
    )
    assert whole.high - whole.low > 2 * (alike.high - alike.low)


def test_a_statistic_without_value_has_no_interval():
    right = np.ones(5, dtype=bool)
    interval = bootstrap_statistic(misclassification_auroc, np.arange(5.0), right, seed=0)
    assert np.isnan(interval[:3]).all()
    assert interval.n == 5


def accuracies(questions, images, seed):
    """Values that depend on their image, and the images."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, images, questions)
    return np.random.default_rng(0).normal(size=images)[image] + rng.normal(size=questions), image


def test_the_mean_of_a_sample_with_itself_is_the_mean_of_the_sample():
    sample = accuracies(80, 20, 1)
    twice = bootstrap_mean_of_means(sample, sample, samples=100, seed=4)
    once = bootstrap_mean(sample[0], samples=100, seed=4, clusters=sample[1])
    assert twice[:3] == pytest.approx(once[:3], abs=1e-12)
    assert twice.n == 160


def test_the_mean_of_means_equals_a_loop_over_drawn_pictures():
    parts = accuracies(50, 12, 1), accuracies(30, 9, 2)
    names = np.unique(np.concatenate([image for _, image in parts]))
    rng, means = np.random.default_rng(6), []
    for drawn in names[rng.integers(0, len(names), (60, len(names)))]:
        each = [np.concatenate([v[i == one] for one in drawn]).mean() for v, i in parts]
        means.append(sum(each) / 2)
    found = bootstrap_mean_of_means(*parts, samples=60, seed=6)
    assert found.value == pytest.approx(sum(v.mean() for v, _ in parts) / 2)
    assert found[1:3] == pytest.approx(np.percentile(means, [2.5, 97.5]), abs=1e-12)


def test_shared_pictures_make_the_interval_of_a_mean_of_means_wider():
    first, (values, image) = accuracies(400, 40, 1), accuracies(400, 40, 2)
    shared = bootstrap_mean_of_means(first, (values, image), seed=0)
    apart = bootstrap_mean_of_means(first, (values, image + 40), seed=0)
    assert shared.value == apart.value
    assert shared.high - shared.low > 1.1 * (apart.high - apart.low)


def test_the_mean_of_means_without_a_value_on_one_side():
    some, none = (np.array([1.0, np.nan]), np.arange(2)), (np.array([np.nan]), np.arange(1))
    assert bootstrap_mean_of_means(some, some, seed=0) == (1, 1, 1, 2)
    nothing = bootstrap_mean_of_means(some, none, seed=0)
    assert np.isnan(nothing[:3]).all()
    assert nothing.n == 1
