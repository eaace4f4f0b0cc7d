import numpy as np
import pytest
from scipy.stats import nct, t, ttest_ind

from vqax.stats.power import detectable_difference, satterthwaite, seeds_needed
from vqax.stats.seed_variance import SeedVariance


def power(difference, standard_error, df):
    critical = t.ppf(0.975, df)
    shift = difference / standard_error
    return nct.sf(critical, df, shift) + nct.cdf(-critical, df, shift)


@pytest.mark.parametrize("df", [2.0, 4.7, 12.0, 399.0])
def test_a_detectable_difference_is_found_four_times_of_five(df):
    found = detectable_difference(0.03, df)
    assert power(found, 0.03, df) == pytest.approx(0.8, abs=1e-3)


def test_is_found_as_often_among_drawn_experiments():
    rng, df = np.random.default_rng(0), 8.0
    effect = detectable_difference(1.0, df)
    estimates = effect + rng.normal(size=20_000)
    errors = np.sqrt(rng.chisquare(df, 20_000) / df)
    assert np.mean(estimates > t.ppf(0.975, df) * errors) == pytest.approx(0.8, abs=0.01)


def test_an_unknown_or_absent_error():
    assert np.isnan(detectable_difference(float("nan"), float("nan")))
    assert detectable_difference(0.0, float("inf")) == 0


def test_degrees_of_freedom_are_those_of_welch():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=7), 3 * rng.normal(size=12)
    parts = ((np.array([x.var(ddof=1) / len(x)]), len(x) - 1) for x in (a, b))
    assert satterthwaite(*parts)[0] == pytest.approx(ttest_ind(a, b, equal_var=False).df)


@pytest.mark.parametrize("effect", [0.03, -0.02, 0.011])
def test_the_seeds_needed_find_the_effect_and_one_fewer_does_not(effect):
    seeds, over_images = SeedVariance(0.02**2, 10), 1e-6

    def found(n):
        between = 2 * seeds.variance / n
        df = (between + over_images) ** 2 / (between**2 / (6 * (n - 1)) + over_images**2 / 399)
        return power(abs(effect), (between + over_images) ** 0.5, df)

    n = seeds_needed(effect, seeds, over_images, 399, configurations=6)
    assert found(n) >= 0.799
    assert found(n - 1) < 0.8


def test_no_fewer_seeds_than_a_verdict_takes():
    settled = SeedVariance(1e-8, 20)
    assert seeds_needed(1.0, settled, 0.0, 99, configurations=6) == 3
    assert seeds_needed(1.0, settled, 0.0, 99) == 4  # two configurations: 2 (4 - 1) = 6
    assert seeds_needed(1.0, settled, 0.0, 99, configurations=1) == 7


def test_no_number_of_seeds_makes_up_for_too_few_images():
    assert seeds_needed(0.01, SeedVariance(1e-6, 9), 0.02**2, 50) is None
    assert seeds_needed(0.01, SeedVariance(float("nan"), 0), 0.0, 50) is None
