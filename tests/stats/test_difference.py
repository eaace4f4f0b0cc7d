import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t, ttest_ind, ttest_rel

from vqax.stats.difference import Term, method_difference, weighted_difference
from vqax.stats.image_variance import mean_side
from vqax.stats.power import detectable_difference
from vqax.stats.seed_variance import SeedVariance, pooled_seed_variance
from vqax.stats.words import enough_seeds


def compared(a, b, images=None, **options):
    images = np.arange(a.shape[1]) if images is None else images
    sides = mean_side(a, images), mean_side(b, images)
    seeds = pooled_seed_variance([side.values for side in sides])
    return method_difference(*sides, seeds, images=len(set(images)), **options)


def experiment(seeds=4, questions=30, seed=0, seed_sd=0.25):
    """Two methods with effects of questions, trainings and both."""
    rng = np.random.default_rng(seed)
    question = rng.normal(size=questions)
    return [
        question + seed_sd * rng.normal(size=(seeds, 1)) + rng.normal(size=(seeds, questions))
        for _ in "ab"
    ]


def test_where_only_trainings_differ_it_is_the_t_test_of_two_samples():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(5, 1)), rng.normal(size=(3, 1)) + 1
    found = compared(a + np.arange(20.0), b + np.arange(20.0))
    peer = ttest_ind(a[:, 0], b[:, 0])
    assert (found.p, found.df) == pytest.approx((peer.pvalue, peer.df))
    assert (found.low, found.high) == pytest.approx(tuple(peer.confidence_interval()))


def test_where_only_images_differ_it_is_the_paired_t_test():
    a, b = np.random.default_rng(0).normal(size=(2, 40))
    found = compared(np.tile(a, (3, 1)), np.tile(b, (3, 1)))
    peer = ttest_rel(a, b)
    assert (found.p, found.df) == pytest.approx((peer.pvalue, peer.df))
    assert (found.low, found.high) == pytest.approx(tuple(peer.confidence_interval()))


def test_equals_the_formula_written_out():
    a, b = experiment()
    found = compared(a, b)
    n, questions = 4, 30
    s2 = (a.mean(1).var(ddof=1) + b.mean(1).var(ddof=1)) / 2
    v = (a.mean(0) - b.mean(0)).var(ddof=1) / questions
    rests = (y - y.mean(0) - y.mean(1, keepdims=True) + y.mean() for y in (a, b))
    own = sum(np.square(rest).sum() / ((n - 1) * (questions - 1)) for rest in rests) / n / questions
    between, images = 2 * s2 / n, max(0, v - min(own, 2 * s2 / n))
    df = (between + images) ** 2 / (between**2 / 6 + images**2 / 29)
    error = (between + images) ** 0.5
    estimate = a.mean() - b.mean()
    assert found.image_variance == pytest.approx(images)
    assert (found.estimate, found.standard_error) == pytest.approx((estimate, error))
    assert (found.df, found.seed_df, found.seed_sd) == pytest.approx((df, 6, s2**0.5))
    half = t.ppf(0.975, df) * error
    assert (found.low, found.high) == pytest.approx((estimate - half, estimate + half))
    assert found.detectable == detectable_difference(found.standard_error, found.df)
    assert (found.seeds_a, found.seeds_b, found.images) == (4, 4, 30)


@given(st.integers(0, 99), st.floats(-2, 2))
def test_p_is_below_five_percent_exactly_where_the_interval_leaves_the_null(seed, null):
    found = compared(*experiment(seed=seed), null=null)
    assert (found.p < 0.05) == (not found.low <= null <= found.high)


@given(st.integers(0, 99))
def test_swapping_the_methods_turns_the_interval_around(seed):
    a, b = experiment(seed=seed)
    one, other = compared(a, b), compared(b, a)
    assert (one.low, one.high, one.p) == pytest.approx((-other.high, -other.low, other.p))


@given(st.integers(0, 99))
def test_is_no_surer_than_either_source_alone(seed):
    a, b = experiment(seed=seed)
    found = compared(a, b)
    between = found.seed_sd**2 / 2
    assert found.standard_error**2 >= between - 1e-12
    over_images = (a.mean(0) - b.mean(0)).var(ddof=1) / 30
    assert found.standard_error**2 >= over_images - 1e-12
    assert found.standard_error**2 <= between + over_images + 1e-12


def test_more_configurations_give_more_degrees_of_freedom():
    a, b = experiment()
    sides = mean_side(a, np.arange(30)), mean_side(b, np.arange(30))
    few = method_difference(*sides, SeedVariance(0.1, 6), images=30)
    many = method_difference(*sides, SeedVariance(0.1, 30), images=30)
    assert many.df > few.df
    assert many.high - many.low < few.high - few.low
    assert many.p < few.p


def test_a_method_that_is_not_trained_adds_no_variance_between_trainings():
    a, b = experiment(seed_sd=4)
    sides = mean_side(a, np.arange(30)), mean_side(b[:1], np.arange(30))
    seeds = pooled_seed_variance([side.values for side in sides])
    floor = method_difference(*sides, seeds, images=30, trained_b=False)
    trained = method_difference(*sides, seeds, images=30)
    assert (floor.seeds_b, trained.seeds_b) == (0, 1)
    assert floor.standard_error < trained.standard_error
    v = (a.mean(0) - b[0]).var(ddof=1) / 30
    assert floor.standard_error**2 <= seeds.variance / 4 + v


def test_one_training_each_has_an_estimate_and_no_interval():
    a, b = experiment(seeds=1)
    found = compared(a, b)
    assert found.estimate == pytest.approx(a.mean() - b.mean())
    unknown = (found.low, found.high, found.p, found.df, found.detectable, found.seed_sd)
    assert np.isnan(unknown).all()
    assert found.seed_df == 0


def test_methods_without_any_difference():
    same = np.tile(np.arange(6.0), (3, 1))
    found = compared(same, same)
    assert (found.estimate, found.low, found.high, found.p, found.detectable) == (0, 0, 0, 1, 0)
    shifted = compared(same + 1, same)
    assert (shifted.low, shifted.high, shifted.p) == (1, 1, 0)


def gain(terms, **options):
    """(a - b) - (c - d) of four methods with 30 images each."""
    return weighted_difference(terms, images=30, **options)


def test_a_gain_has_the_variance_of_all_its_methods():
    rng = np.random.default_rng(3)
    values = [rng.normal(size=(n, 30)) for n in (3, 4, 5, 6)]
    sides = [mean_side(one, np.arange(30)) for one in values]
    seeds = pooled_seed_variance([side.values for side in sides])
    weights = (1.0, -1.0, -1.0, 1.0)
    found = gain([Term(side, w, seeds) for side, w in zip(sides, weights, strict=True)])
    means = [one.mean() for one in values]
    assert found.estimate == pytest.approx(means[0] - means[1] - means[2] + means[3])
    between = seeds.variance * (1 / 3 + 1 / 4 + 1 / 5 + 1 / 6)
    images = sum(w * one.mean(0) for w, one in zip(weights, values, strict=True)).var(ddof=1) / 30
    least, most = max(between, images), between + images
    assert least <= found.standard_error**2 + 1e-12 <= most + 1e-9
    assert (found.seeds_a, found.seeds_b, found.seed_df) == (3, 4, 14)
    assert found.seed_sd == pytest.approx(seeds.variance**0.5)


def test_two_families_are_welchs_test():
    """Only trainings differ, and the two kinds of model not alike."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(5, 1)), 9 * rng.normal(size=(4, 1)) + 1
    sides = [mean_side(one + np.arange(20.0), np.arange(20)) for one in (a, b)]
    seeds = [pooled_seed_variance([side.values]) for side in sides]
    terms = [Term(sides[0], 1.0, seeds[0], "san"), Term(sides[1], -1.0, seeds[1], "mcb")]
    found = weighted_difference(terms, images=20)
    peer = ttest_ind(a[:, 0], b[:, 0], equal_var=False)
    assert (found.p, found.df) == pytest.approx((peer.pvalue, peer.df))
    assert found.seed_df == int(peer.df)


def test_without_a_training_only_images_are_drawn():
    a, b = np.random.default_rng(0).normal(size=(2, 40))
    sides = [mean_side(one[None], np.arange(40)) for one in (a, b)]
    found = weighted_difference([Term(sides[0], 1.0, None), Term(sides[1], -1.0, None)], images=40)
    peer = ttest_rel(a, b)
    assert (found.p, found.df) == pytest.approx((peer.pvalue, peer.df))
    assert (found.seeds_a, found.seeds_b) == (0, 0)
    assert enough_seeds(found)


def test_a_limit_is_taken_off():
    side = mean_side(np.random.default_rng(0).normal(size=(4, 30)), np.arange(30))
    seeds = pooled_seed_variance([side.values])
    free, limited = (
        weighted_difference([Term(side, 1.0, seeds)], constant=constant, images=30)
        for constant in (0.0, -0.5)
    )
    assert limited.estimate == pytest.approx(free.estimate - 0.5)
    assert limited.standard_error == free.standard_error
    assert (limited.seeds_a, limited.seeds_b) == (4, 0)


def test_one_family_trained_once_leaves_the_contrast_open():
    sides = [
        mean_side(np.random.default_rng(n).normal(size=(n, 30)), np.arange(30)) for n in (5, 1)
    ]
    seeds = [pooled_seed_variance([side.values]) for side in sides]
    terms = [Term(sides[0], 1.0, seeds[0], "san"), Term(sides[1], -1.0, seeds[1], "mcb")]
    found = weighted_difference(terms, images=30)
    assert found.seed_df == 0
    assert np.isnan([found.low, found.high, found.p]).all()
    assert not enough_seeds(found)
