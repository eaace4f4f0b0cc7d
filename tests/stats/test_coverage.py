"""Simulated experiments with known effects: does the interval hold what it promises?"""

from typing import NamedTuple

import numpy as np
import pytest

from vqax.stats.bootstrap import paired_bootstrap
from vqax.stats.difference import MethodDifference, method_difference
from vqax.stats.image_variance import mean_side
from vqax.stats.seed_variance import pooled_seed_variance
from vqax.stats.words import Hypothesis, word

DRAWS = 1200
CONFIGURATIONS, IMAGES, QUESTIONS_PER_IMAGE = 6, 400, 2
IMAGE = np.repeat(np.arange(IMAGES), QUESTIONS_PER_IMAGE)


class Effects(NamedTuple):
    """Standard deviations of what a value y[configuration, seed, question] is the sum of."""

    seed: float
    image: float = 0.2
    question: float = 0.3
    configuration_image: float = 0.1
    configuration_question: float = 0.1
    seed_image: float = 0.05
    seed_question: float = 0.25


EFFECTS = {
    "trainings": Effects(seed=0.02),
    "images": Effects(seed=0.002, configuration_image=0.3),
    "interactions": Effects(seed=0.002, configuration_image=0.02, seed_image=0.2),
}


def two_methods(effects: Effects, seeds: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Values (seeds, questions) of two methods, both of true mean 0."""

    def per_image(sd: float, *shape: int) -> np.ndarray:
        return sd * rng.standard_normal((*shape, IMAGES))[..., IMAGE]

    n = len(IMAGE)
    shared = per_image(effects.image) + effects.question * rng.standard_normal(n)
    return [
        shared
        + per_image(effects.configuration_image)
        + effects.configuration_question * rng.standard_normal(n)
        + effects.seed * rng.standard_normal((seeds, 1))
        + per_image(effects.seed_image, seeds)
        + effects.seed_question * rng.standard_normal((seeds, n))
        for _ in "ab"
    ]


def others(effects: Effects, seeds: int, rng: np.random.Generator) -> np.ndarray:
    """Means of the trainings of the other configurations, drawn from their distribution."""
    variance = (
        effects.seed**2
        + effects.seed_image**2 / IMAGES
        + effects.seed_question**2 / (IMAGES * QUESTIONS_PER_IMAGE)
    )
    return np.sqrt(variance) * rng.standard_normal((CONFIGURATIONS - 2, seeds))


def experiments(effects: Effects, seeds: int, *, effect: float = 0.0, draws: int = DRAWS):
    """The values of both methods, ``effect`` apart, and what is found about them."""
    rng = np.random.default_rng(seeds)
    for _ in range(draws):
        a, b = two_methods(effects, seeds, rng)
        yield a + effect, b, found(a + effect, b, others(effects, seeds, rng))


def found(a: np.ndarray, b: np.ndarray, family: np.ndarray) -> MethodDifference:
    sides = mean_side(a, IMAGE), mean_side(b, IMAGE)
    spread = pooled_seed_variance([sides[0].values, sides[1].values, *family])
    return method_difference(*sides, spread, images=IMAGES)


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("kind", EFFECTS)
def test_the_interval_covers_the_truth_and_few_are_falsely_supported(kind: str, seeds: int):
    differences = [difference for *_, difference in experiments(EFFECTS[kind], seeds)]
    covered = np.mean([difference.low <= 0 <= difference.high for difference in differences])
    assert 0.93 <= covered <= 0.97
    words = [word(difference, Hypothesis()) for difference in differences]
    assert words.count("supported") <= 0.055 * DRAWS
    assert words.count("contradicted") <= 0.055 * DRAWS


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_an_interval_over_images_alone_does_not_cover(seeds: int):
    covered, draws = 0, 300
    for a, b, _ in experiments(EFFECTS["trainings"], seeds, draws=draws):
        over_images = paired_bootstrap(a.mean(0), b.mean(0), clusters=IMAGE, samples=300, seed=0)
        covered += over_images.low <= 0 <= over_images.high
    assert covered / draws < 0.9


@pytest.mark.parametrize("kind", EFFECTS)
def test_the_detectable_difference_is_found_four_times_of_five(kind: str):
    sizes = [difference.detectable for *_, difference in experiments(EFFECTS[kind], 5, draws=200)]
    again = experiments(EFFECTS[kind], 5, effect=float(np.mean(sizes)), draws=500)
    words = [word(difference, Hypothesis()) for *_, difference in again]
    assert 0.74 <= words.count("supported") / 500 <= 0.86


def test_a_difference_of_trainings_alone_gets_no_word_from_two_each():
    for *_, difference in experiments(EFFECTS["trainings"], 2, effect=1.0, draws=5):
        assert difference.p < 0.001
        assert word(difference, Hypothesis()) is None
