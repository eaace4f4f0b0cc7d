"""Metrics of alignment with human attention: each against its definition written out, and a peer.

The slow twins go through the cells one by one; scipy and scikit-learn are the peers.
"""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy, pearsonr, zscore
from sklearn.metrics import roc_auc_score

from vqax.errors import UsageError
from vqax.metrics.alignment import ALIGNMENT_METRICS
from vqax.metrics.auc_judd import auc_judd
from vqax.metrics.correlation_coefficient import correlation_coefficient
from vqax.metrics.density import EPSILON
from vqax.metrics.fixated import fixated
from vqax.metrics.information_gain import information_gain
from vqax.metrics.kl_divergence import kl_divergence
from vqax.metrics.nss import normalised_scanpath_saliency
from vqax.metrics.roc import weighted_auc
from vqax.metrics.shuffled_auc import shuffled_auc
from vqax.metrics.similarity import similarity

DOCS = Path(__file__).parents[2] / "docs" / "alignment.md"
RNG = np.random.default_rng(5)
MAPS = RNG.random((6, 3, 5))
HUMAN = RNG.random((6, 3, 5)) ** 3
COUNTS = RNG.integers(0, 3, (6, 3, 5))
OTHER = RNG.integers(0, 4, (6, 3, 5))


def pairs(*columns: np.ndarray) -> list[tuple[np.ndarray, ...]]:
    return [tuple(part.ravel() for part in row) for row in zip(*columns, strict=True)]


def positive(values: np.ndarray) -> list[float]:
    kept = [max(value, 0.0) for value in values]
    return [value / sum(kept) for value in kept]


def slow_auc(values, positives, negatives) -> float:
    """Every pair of a positive and a negative sample: 1 if the positive is higher, ½ if equal."""
    won = total = 0.0
    for i, value in enumerate(values):
        for j, other in enumerate(values):
            weight = positives[i] * negatives[j]
            won += weight * (1.0 if value > other else 0.5 if value == other else 0.0)
            total += weight
    return won / total


def test_cc_is_scipy_s_pearson():
    signed = MAPS - 0.5
    expected = [pearsonr(a, b).statistic for a, b in pairs(signed, HUMAN)]
    np.testing.assert_allclose(correlation_coefficient(signed, HUMAN), expected, atol=1e-12)


def test_sim_is_the_shared_mass():
    signed = MAPS - 0.3
    expected = [
        sum(min(p, q) for p, q in zip(positive(a), positive(b), strict=True))
        for a, b in pairs(signed, HUMAN)
    ]
    np.testing.assert_allclose(similarity(signed, HUMAN), expected, atol=1e-12)
    assert similarity(HUMAN, 7 * HUMAN) == pytest.approx(1)


def test_kl_is_the_divergence_of_the_human_map_from_the_map():
    expected = [entropy(positive(b), positive(a)) for a, b in pairs(MAPS, HUMAN)]
    np.testing.assert_allclose(kl_divergence(MAPS, HUMAN), expected, atol=1e-9)


def test_kl_of_a_map_that_is_zero_where_people_look_is_bounded():
    maps, human = np.zeros((1, 2, 3)), np.zeros((1, 2, 3))
    maps[0, 0, 0] = human[0, 1, 2] = 1
    assert kl_divergence(maps, human)[0] == pytest.approx(math.log(1 / EPSILON))


def test_nss_is_the_mean_z_score_at_the_fixations():
    signed = MAPS - 0.5
    expected = [np.repeat(zscore(a), f).mean() for a, f in pairs(signed, COUNTS)]
    np.testing.assert_allclose(normalised_scanpath_saliency(signed, COUNTS), expected, atol=1e-12)


@pytest.mark.parametrize("decimals", [9, 1])
def test_auc_judd_is_that_of_scikit_learn_with_every_fixation_a_sample(decimals):
    maps = MAPS.round(decimals)
    expected = []
    for values, counts in pairs(maps, COUNTS):
        samples = np.concatenate([np.repeat(values, counts), values[counts == 0]])
        labels = np.repeat([1, 0], [counts.sum(), (counts == 0).sum()])
        expected.append(roc_auc_score(labels, samples))
    np.testing.assert_allclose(auc_judd(maps, COUNTS), expected, atol=1e-12)


@given(
    arrays(np.float64, 7, elements=st.integers(-2, 2).map(float)),
    arrays(np.float64, (2, 7), elements=st.integers(0, 3).map(float)),
)
def test_weighted_auc_counts_every_pair(values, weights):
    area = weighted_auc(values, *weights)
    if weights[0].sum() * weights[1].sum() == 0 or np.ptp(values) == 0:
        assert math.isnan(area)
    else:
        assert area == pytest.approx(slow_auc(values, *weights), abs=1e-12)


def test_shuffled_auc_is_what_the_draws_of_the_published_code_tend_to():
    rng = np.random.default_rng(0)
    expected = []
    for values, own, other in pairs(MAPS, COUNTS, OTHER):
        samples, elsewhere = np.repeat(values, own), np.repeat(values, other)
        labels = np.repeat([1, 0], [len(samples), len(samples)])
        draws = [
            roc_auc_score(labels, np.concatenate([samples, rng.choice(elsewhere, len(samples))]))
            for _ in range(400)
        ]
        expected.append(np.mean(draws))
    np.testing.assert_allclose(shuffled_auc(MAPS, COUNTS, OTHER), expected, atol=0.02)
    exact = [slow_auc(*row) for row in pairs(MAPS, COUNTS, OTHER)]
    np.testing.assert_allclose(shuffled_auc(MAPS, COUNTS, OTHER), exact, atol=1e-12)


def test_information_gain_is_the_mean_difference_of_log_probabilities():
    baseline = HUMAN[::-1]
    expected = []
    for a, counts, b in pairs(MAPS, COUNTS, baseline):
        p, q = positive(a), positive(b)
        gains = [
            counts[i] * (math.log2(EPSILON + p[i]) - math.log2(EPSILON + q[i]))
            for i in range(len(p))
        ]
        expected.append(sum(gains) / counts.sum())
    np.testing.assert_allclose(information_gain(MAPS, COUNTS, baseline), expected, atol=1e-9)
    np.testing.assert_array_equal(information_gain(baseline, COUNTS, baseline), 0)


def arguments(name: str, maps: np.ndarray) -> tuple[np.ndarray, ...]:
    metric = ALIGNMENT_METRICS[name]
    target = HUMAN if metric.target == "human_map" else COUNTS
    given = {"": (), "other_fixations": (OTHER,), "mean_human_map": (HUMAN[::-1],)}
    return maps, target, *given[metric.given]


@pytest.mark.parametrize("name", ALIGNMENT_METRICS)
def test_pairs_do_not_see_each_other_and_inputs_stay(name):
    compute = ALIGNMENT_METRICS[name].compute
    given = arguments(name, MAPS)
    kept = [part.copy() for part in given]
    values = compute(*given)
    assert values.shape == (6,)
    assert np.isfinite(values).all()
    alone = [compute(*(part[i : i + 1] for part in given))[0] for i in range(6)]
    np.testing.assert_allclose(values, alone, atol=1e-12)
    for part, before in zip(given, kept, strict=True):
        np.testing.assert_array_equal(part, before)


@pytest.mark.parametrize("name", ALIGNMENT_METRICS)
@pytest.mark.parametrize("broken", [0.0, math.nan])
def test_a_map_without_values_has_none(name, broken):
    maps = MAPS.copy()
    maps[2] = broken
    values = ALIGNMENT_METRICS[name].compute(*arguments(name, maps))
    assert np.isnan(values).tolist() == [False, False, True, False, False, False]


@pytest.mark.parametrize("name", ALIGNMENT_METRICS)
def test_a_map_that_knows_where_people_look_is_better_than_one_that_does_not(name):
    metric = ALIGNMENT_METRICS[name]
    _, target, *rest = arguments(name, MAPS)
    good = metric.compute(target + 0.01, target, *rest)
    bad = metric.compute(target.max() - target + 0.01, target, *rest)
    if name == "histogram_emd":  # sees values only, not where they stand
        bad = metric.compute((target + 0.01) ** 4, target, *rest)
    assert metric.best([float(good.mean()), math.nan, float(bad.mean())]) == good.mean()


@pytest.mark.parametrize("name", ALIGNMENT_METRICS)
def test_what_is_equal_but_for_rounding_is_equal(name):
    """A flat map with noise in the last digit has no value, a flat part no order."""
    noise = np.random.default_rng(1).choice([1, 1 + 1e-7], MAPS.shape).astype(np.float32)
    if ALIGNMENT_METRICS[name].compute not in (kl_divergence, similarity, information_gain):
        flat = 0.1 * noise
        if name != "emd":  # mass is mass, also of a flat map
            assert np.isnan(ALIGNMENT_METRICS[name].compute(*arguments(name, flat))).all()
    steps = MAPS.round(1).astype(np.float32)
    clean = ALIGNMENT_METRICS[name].compute(*arguments(name, steps))
    noisy = ALIGNMENT_METRICS[name].compute(*arguments(name, steps * noise))
    np.testing.assert_allclose(noisy, clean, atol=1e-5)


def test_fixated_cells_are_those_above_the_quantile():
    human = np.arange(20.0).reshape(1, 4, 5)
    assert fixated(human).ravel().nonzero()[0].tolist() == [16, 17, 18, 19]
    assert fixated(human, 0.5).sum() == 10


def test_a_mask_of_any_size_counts_whole_and_zeros_never_do():
    small, large = np.zeros((2, 1, 4, 5))
    small[0, 0, 0] = 1
    large[0, :, :2] = 255
    np.testing.assert_array_equal(fixated(small), small)
    np.testing.assert_array_equal(fixated(large), large / 255)
    assert np.isnan(fixated(np.full((1, 2, 3), np.nan))).all()


@pytest.mark.parametrize("name", ALIGNMENT_METRICS)
def test_the_documentation_says_of_every_metric_what_its_declaration_does(name):
    metric = ALIGNMENT_METRICS[name]
    against = metric.target.replace("_", " ")
    formula = re.sub(r"\|(.+)\|", r"abs(\1)", metric.formula)  # a bar would end the column
    row = [f"`{name}`", formula, metric.unit, metric.direction, against, metric.resizing]
    line = f"| {' | '.join(map(str, row))} | {metric.source} |"
    assert line in DOCS.read_text(encoding="utf-8").splitlines()


@pytest.mark.usefixtures("without_type_checks")
@pytest.mark.parametrize("name", ALIGNMENT_METRICS)
def test_maps_of_another_shape_are_refused(name):
    maps, *rest = arguments(name, MAPS)
    with pytest.raises(UsageError, match=r"\(6, 2, 5\) and .*\(6, 3, 5\).* do not belong together"):
        ALIGNMENT_METRICS[name].compute(maps[:, :2], *rest)
