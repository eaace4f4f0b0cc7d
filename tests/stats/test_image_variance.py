import numpy as np
import pytest

from vqax.errors import BadData
from vqax.stats.bootstrap import bootstrap_mean
from vqax.stats.contrast import correlation
from vqax.stats.image_variance import Side, image_variance, mean_side, statistic_sides


def sample(seeds, questions=60, images=17, seed=0):
    """Values of trainings on questions about images of unequal numbers of questions."""
    rng = np.random.default_rng(seed)
    image = np.concatenate([np.arange(images), rng.integers(0, images, questions - images)])
    return rng.normal(size=(seeds, questions)) + rng.normal(size=images)[image], image


def slow_effects(values, images):
    """effects[i][s] = √(I/(I-1)) Σ_{q in i} (y_sq - ȳ_s) / n, by loops."""
    names = sorted(set(images))
    factor = (len(names) / (len(names) - 1)) ** 0.5 / len(images)
    return [
        [
            factor
            * sum(y - sum(row) / len(row) for y, i in zip(row, images, strict=True) if i == name)
            for row in values
        ]
        for name in names
    ]


def test_equals_loops_over_images_and_trainings():
    (a, images), (b, _) = sample(3), sample(2, seed=1)
    found = image_variance(mean_side(a, images), mean_side(b, images))
    of_a, of_b = slow_effects(a, images), slow_effects(b, images)
    pairs = list(zip(of_a, of_b, strict=True))
    assert found.variance == pytest.approx(sum((sum(x) / 3 - sum(y) / 2) ** 2 for x, y in pairs))
    own = sum(np.var(x, ddof=1) / 3 + np.var(y, ddof=1) / 2 for x, y in pairs)
    assert found.own == pytest.approx(own)


def test_with_a_question_per_image_it_is_the_variance_of_a_mean():
    a, b = np.random.default_rng(0).normal(size=(2, 1, 50))
    found = image_variance(mean_side(a, np.arange(50)), mean_side(b, np.arange(50)))
    assert found.variance == pytest.approx((a - b).var(ddof=1) / 50)
    assert found.own == 0


def test_own_is_the_interaction_of_a_two_way_layout():
    values = np.random.default_rng(2).normal(size=(4, 30)) + np.arange(30) / 9
    side = mean_side(values, np.arange(30))
    own = image_variance(side, Side(np.zeros(1), np.zeros((30, 1)))).own
    rest = values - values.mean(0) - values.mean(1, keepdims=True) + values.mean()
    assert own == pytest.approx(np.square(rest).sum() / (3 * 29) / (4 * 30))


def test_is_what_the_cluster_bootstrap_finds():
    (a, images), (b, _) = sample(3, 900, 300), sample(3, 900, 300, seed=1)
    exact = image_variance(mean_side(a, images), mean_side(b, images)).variance
    drawn = bootstrap_mean(a.mean(0) - b.mean(0), samples=4000, seed=0, clusters=images)
    assert (drawn.high - drawn.low) / 2 / 1.96 == pytest.approx(exact**0.5, rel=0.05)


def test_resamples_of_a_mean_agree_with_the_exact_form():
    (a, images), (b, _) = sample(3, 400, 150), sample(2, 400, 150, seed=1)
    sides = statistic_sides(np.mean, a[None], b[None], images, samples=3000, seed=0)
    exact = mean_side(a, images), mean_side(b, images)
    assert sides[0].values == pytest.approx(exact[0].values)
    assert sides[1].values == pytest.approx(exact[1].values)
    assert image_variance(*sides) == pytest.approx(image_variance(*exact), rel=0.08)


def test_resamples_of_a_statistic_equal_a_loop():
    (x, images), (y, _) = sample(3), sample(3, seed=1)
    columns = np.stack([x, y])
    a, b = statistic_sides(correlation, columns[:, :2], columns[:, 2:], images, samples=40, seed=5)
    names, rng, draws = sorted(set(images)), np.random.default_rng(5), []
    for _ in range(40):
        rows = [
            row
            for chosen in rng.integers(0, len(names), len(names))
            for row in np.flatnonzero(images == names[chosen])
        ]
        draws.append([correlation(x[s, rows], y[s, rows]) for s in range(3)])
    effects = (np.array(draws) - np.mean(draws, axis=0)) / 39**0.5
    assert a.effects == pytest.approx(effects[:, :2])
    assert b.effects == pytest.approx(effects[:, 2:])
    assert b.values == pytest.approx([correlation(x[2], y[2])])


def test_a_statistic_without_value_on_resamples_is_refused():
    constant = np.ones((2, 1, 6))
    with pytest.raises(BadData, match="correlation: has no value on resamples of 3 images"):
        statistic_sides(
            correlation, constant, constant, np.repeat(np.arange(3), 2), samples=9, seed=0
        )
