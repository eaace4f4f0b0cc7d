import numpy as np
import pytest
from scipy.stats import t

from vqax.stats.prediction_interval import prediction_interval
from vqax.stats.seed_variance import SeedVariance, pooled_seed_variance


def test_equals_the_textbook_formula_for_one_more_value():
    values = np.array([3.0, 5.0, 4.0, 8.0])
    low, high = prediction_interval(5.0, pooled_seed_variance([values]), old=[4], new=[1])
    half = t.ppf(0.975, 3) * values.std(ddof=1) * (1 + 1 / 4) ** 0.5
    assert (low, high) == pytest.approx((5 - half, 5 + half))


@pytest.mark.parametrize(("old", "new"), [([3, 3], [3, 3]), ([5], [1]), ([4, 4], [1, 1])])
def test_new_estimates_fall_inside_as_often_as_it_says(old, new):
    """The first count of a list is of A, the second of B; the estimate is A, or A - B."""
    rng, signs = np.random.default_rng(0), (1, -1)
    inside = 0
    for _ in range(2000):
        first = [rng.normal(size=n) for n in old]
        estimate = sum(sign * y.mean() for sign, y in zip(signs, first, strict=False))
        again = sum(sign * rng.normal(size=n).mean() for sign, n in zip(signs, new, strict=False))
        low, high = prediction_interval(estimate, pooled_seed_variance(first), old=old, new=new)
        inside += low <= again <= high
    assert inside / 2000 == pytest.approx(0.95, abs=0.015)


def test_without_a_repeated_training_there_is_none():
    unknown = SeedVariance(float("nan"), 0)
    assert np.isnan(prediction_interval(1.0, unknown, old=[1], new=[1])).all()
