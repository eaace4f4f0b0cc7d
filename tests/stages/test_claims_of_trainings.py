"""Claims on sources that were trained several times."""

import numpy as np
import pandas as pd
import pytest

from tests.stages.reported import NO_RANKS
from vqax.claims.measure import APART, DIFFERS, measured
from vqax.claims.rules import Comparison, Side
from vqax.claims.sources import NotMeasured, Sources
from vqax.stats.difference import method_difference
from vqax.stats.image_variance import mean_side
from vqax.stats.one_method import mean_difference
from vqax.stats.seed_variance import pooled_seed_variance

SEEDS, IMAGES = 7, 40


def source(run: str, values: np.ndarray) -> pd.DataFrame:
    """A row per training and image of ``values`` (s, n)."""
    seeds, images = values.shape
    number = np.tile(np.arange(images), seeds)
    keys = {"run": run, "seed": np.repeat(np.arange(seeds), images)}
    return pd.DataFrame({**keys, "question_id": number, "image_id": number, "dice": values.ravel()})


def found(first: pd.DataFrame, second: pd.DataFrame, statistic: str = "mean"):
    sources = Sources(values={"a": first, "b": second}, rows={}, ranks=NO_RANKS)
    sides = tuple(Side(name, "dice") for name in "ab")
    return measured(Comparison(statistic, sides), sources, samples=50, seed=0)


@pytest.fixture
def values() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    of_training = 0.2 * rng.standard_normal((SEEDS, 1))
    first = 0.5 + of_training + 0.1 * rng.standard_normal((SEEDS, IMAGES))
    return first, first - 0.05 + 0.05 * rng.standard_normal((SEEDS, IMAGES))


def test_conditions_of_one_training_are_compared_within_it(values):
    first, second = values
    alike = found(source("net", first), source("net", second))
    expected = mean_difference(first - second)
    assert alike[:3] == pytest.approx((expected.estimate, expected.low, expected.high))
    assert alike.p == pytest.approx(expected.p)


def test_trainings_of_two_runs_are_independent(values):
    first, second = values
    other = found(source("net", first), source("another", second))
    sides = [mean_side(one, np.arange(IMAGES)) for one in values]
    seeds = pooled_seed_variance([one.mean(axis=1) for one in values])
    expected = method_difference(*sides, seeds, images=IMAGES)
    assert other[:3] == pytest.approx((expected.estimate, expected.low, expected.high))
    alike = found(source("net", first), source("net", second))
    assert other.high - other.low > 3 * (alike.high - alike.low)


def test_different_images_add_their_variances(values):
    first, second = values
    apart = found(source("net", first), source("another", second[:, :20]), APART)
    variance = sum(one.mean(axis=1).var(ddof=1) / SEEDS for one in (first, second[:, :20]))
    assert apart.value == pytest.approx(first.mean() - second[:, :20].mean())
    assert (apart.high - apart.low) / 2 > 1.96 * np.sqrt(variance)


def test_either_sign_keeps_its_width(values):
    first, second = values
    larger = found(source("net", first), source("net", second), DIFFERS)
    back = found(source("net", second), source("net", first), DIFFERS)
    assert larger == pytest.approx(back)
    assert larger.value > 0


def test_one_training_tells_nothing_of_others(values):
    first, second = (one[:1] for one in values)
    with pytest.raises(NotMeasured, match="Trained once, so that other trainings are unknown"):
        found(source("net", first), source("net", second))


def test_order_of_the_rows_does_not_matter(values):
    first, second = (source("net", one) for one in values)
    mixed = second.sample(frac=1, random_state=0)
    assert found(first, mixed) == pytest.approx(found(first, second))
