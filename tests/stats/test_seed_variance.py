import numpy as np
import pytest
from scipy.stats import f_oneway

from vqax.stats.seed_variance import pooled_seed_variance


def test_is_the_within_variance_of_a_one_way_layout():
    rng = np.random.default_rng(0)
    groups = [rng.normal(size=n) + shift for n, shift in ((3, 0.0), (5, 4.0), (2, -1.0))]
    pooled = pooled_seed_variance(groups)
    squares = [(y - sum(g) / len(g)) ** 2 for g in groups for y in g]
    assert pooled.variance == pytest.approx(sum(squares) / 7)
    assert pooled.df == 7
    grand = np.concatenate(groups).mean()
    between = sum(len(g) * (g.mean() - grand) ** 2 for g in groups) / 2
    assert f_oneway(*groups).statistic == pytest.approx(between / pooled.variance)


def test_a_configuration_of_one_training_adds_nothing():
    one, three = np.array([9.0]), np.array([1.0, 2.0, 3.0])
    assert pooled_seed_variance([one, three]) == pooled_seed_variance([three]) == (1.0, 2)


def test_without_a_repeated_training_it_is_unknown():
    unknown = pooled_seed_variance([np.array([1.0]), np.array([2.0])])
    assert np.isnan(unknown.variance)
    assert unknown.df == 0
