import subprocess
import sys

import numpy as np
import pytest

from vqax import metrics
from vqax.metrics.catalogue import FAMILIES


@pytest.mark.parametrize("name", metrics.MAP_METRICS)
def test_map_metrics_meet_their_contract(name):
    """One value a pair, pairs do not see each other, inputs stay, degenerate maps give NaN."""
    compute = metrics.MAP_METRICS[name].compute
    a, b = np.random.default_rng(0).random((2, 4, 3, 5)).astype(np.float32)
    a[3] = 0
    kept = a.copy(), b.copy()
    values = compute(a, b)
    assert values.shape == (4,)
    assert np.isnan(values).tolist() == [False, False, False, True]
    alone = np.concatenate([compute(a[i : i + 1], b[i : i + 1]) for i in range(4)])
    np.testing.assert_allclose(values, alone, atol=1e-12)
    np.testing.assert_array_equal(a, kept[0])
    np.testing.assert_array_equal(b, kept[1])


@pytest.mark.parametrize("name", metrics.MAP_METRICS)
def test_the_same_map_is_best(name):
    metric = metrics.MAP_METRICS[name]
    a, b = np.random.default_rng(0).random((2, 1, 3, 5))
    same, other = metric.compute(a, a)[0], metric.compute(a, b)[0]
    assert same > other if metric.direction == "higher" else same < other


@pytest.mark.parametrize("name", metrics.METRICS)
def test_every_metric_is_declared_with_words_and_direction(name):
    metric = metrics.METRICS[name]
    assert metric.name
    assert metric.better in ("higher", "lower", "neither")
    assert metric.unit or metric.compute is None


def test_every_metric_stands_in_one_family():
    assert sum(len(family.METRICS) for family in FAMILIES) == len(metrics.METRICS)


def test_metrics_and_stats_come_without_torch():
    code = (
        "import sys, vqax.metrics, vqax.stats.bootstrap, vqax.stats.nemenyi, vqax.stats.effect;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
