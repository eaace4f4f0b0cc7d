"""Each measure of faithfulness against its definition written out, and against captum's."""

import math

import captum.metrics
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from torch import Tensor

from vqax.errors import BadData, UsageError
from vqax.evaluation.baselines import BLUR, image_blur
from vqax.evaluation.curves import area, deletion, falling_ranks, insertion
from vqax.evaluation.infidelity import infidelity
from vqax.evaluation.max_sensitivity import max_sensitivity
from vqax.evaluation.sensitivity_n import sensitivity_n
from vqax.evaluation.subsets import Subsets, attributed, effects
from vqax.evaluation.units import Units, cells, patches, pixels, words

SOURCE = torch.Generator().manual_seed(0)
IMAGES = torch.rand(3, 3, 4, 6, generator=SOURCE)
CELLS = torch.randn(3, 5, 2, generator=SOURCE)
TOKENS = torch.tensor([[0, 0, 4, 7, 3], [0, 5, 2, 3, 3], [9, 8, 7, 6, 5]])
WEIGHTS = torch.randn(3, 4, 6, generator=SOURCE)


def bright(images: Tensor, question: Tensor) -> Tensor:
    """Not linear, and another function for each question."""
    return torch.tanh((images * WEIGHTS).sum((1, 2, 3)) / 4 + question)


def summed(visual: Tensor, question: Tensor) -> Tensor:
    return torch.sigmoid(visual.sum((1, 2)) - question)


def counted(tokens: Tensor, question: Tensor) -> Tensor:
    return (tokens.float().square().sum(1) / 100 + question).sin()


CASES = {
    "pixels": (pixels(IMAGES, "mean"), bright),
    "patches": (patches(IMAGES, (2, 4), "zero"), bright),
    "cells": (cells(CELLS), summed),
    "words": (words(TOKENS), counted),
}


def maps_of(units: Units, seed: int = 1) -> Tensor:
    source = torch.Generator().manual_seed(seed)
    return torch.randn(units.present.shape, generator=source)


def hidden_by_hand(name: str, units: Units, question: int, gone: list[int]) -> Tensor:
    """The input of a question without units, one unit after the other."""
    one = units.inputs[question].clone()
    for unit in gone:
        if name == "pixels":
            y, x = divmod(unit, 6)
            one[:, y, x] = IMAGES[question].mean((1, 2))
        elif name == "patches":
            r, c = divmod(unit, 4)
            one[:, r * 2 : r * 2 + 2, c * 6 // 4 : (c + 1) * 6 // 4] = 0
        elif name == "cells":
            one[unit] = CELLS[question].mean(0)
        else:
            one[unit] = 1
    return one


def slow_curve(name: str, maps: Tensor, steps: int, *, deleting: bool) -> Tensor:
    units, score = CASES[name]
    curves = torch.zeros(3, steps + 1)
    for question in range(3):
        there = units.present[question].nonzero()[:, 0].tolist()
        order = sorted(there, key=lambda unit: -maps[question, unit])
        for step in range(steps + 1):
            count = math.floor(step / steps * len(order) + 0.5)
            gone = order[:count] if deleting else order[count:]
            one = hidden_by_hand(name, units, question, gone)
            curves[question, step] = score(one[None], torch.tensor([question]))[0]
    return curves


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("compute", [deletion, insertion])
@pytest.mark.parametrize("at_once", [1, 7, 100])
def test_curves_hide_one_unit_after_the_other(name, compute, at_once):
    units, score = CASES[name]
    maps = maps_of(units)
    curve = compute(score, units, maps, steps=4, at_once=at_once)
    expected = slow_curve(name, maps, 4, deleting=compute is deletion)
    torch.testing.assert_close(curve, expected, atol=1e-5, rtol=0)


def test_the_ends_of_both_curves_are_everything_and_nothing():
    units, score = CASES["patches"]
    maps = maps_of(units)
    down, up = (compute(score, units, maps, steps=3) for compute in (deletion, insertion))
    torch.testing.assert_close(down[:, 0], up[:, -1])
    torch.testing.assert_close(down[:, -1], up[:, 0])
    torch.testing.assert_close(down[:, 0], bright(IMAGES, torch.arange(3)))


def test_the_area_is_that_of_trapezoids():
    curve = torch.rand(2, 6, generator=SOURCE)
    expected = np.trapezoid(curve.numpy(), dx=1 / 5, axis=1)
    np.testing.assert_allclose(area(curve).numpy(), expected, rtol=1e-6)


def test_equal_values_come_in_an_order_of_the_seed():
    units, _ = CASES["pixels"]
    flat = torch.zeros(3, 24)
    orders = {tuple(falling_ranks(units, flat, seed)[0].tolist()) for seed in range(5)}
    assert len(orders) == 5
    assert all(sorted(order) == list(range(24)) for order in orders)
    steps = torch.arange(24.0).floor_divide(4).expand(3, -1)
    for seed in range(3):
        ranks = falling_ranks(units, steps, seed)[0]
        assert (ranks.div(4, rounding_mode="floor") == 5 - steps[0]).all()


@given(st.integers(1, 23), st.integers(0, 9))
def test_subsets_have_their_size_and_only_units_that_are_there(size, seed):
    for name in ("pixels", "words"):
        units, _ = CASES[name]
        subsets = Subsets(size / 24, 7, seed)
        for question in range(3):
            drawn = subsets.of(units, question)
            count = int(units.counts[question])
            assert drawn.sum(1).tolist() == [max(1, round(size / 24 * count))] * 7
            assert not (drawn & ~units.present[question]).any()
            assert torch.equal(drawn, subsets.of(units, question))


@pytest.mark.parametrize("name", CASES)
def test_effects_are_what_hiding_a_subset_takes(name):
    units, score = CASES[name]
    maps, subsets = maps_of(units), Subsets(0.4, 9, 2)
    moved = effects(score, units, subsets, at_once=4)
    told = attributed(units, maps, subsets)
    for question in range(3):
        number = torch.tensor([question])
        whole = score(units.inputs[question][None], number)
        for row, subset in enumerate(subsets.of(units, question)):
            gone = subset.nonzero()[:, 0].tolist()
            left = score(hidden_by_hand(name, units, question, gone)[None], number)
            assert moved[question, row] == pytest.approx(float(whole - left), abs=1e-5)
            expected = sum(float(maps[question, unit]) for unit in gone)
            assert told[question, row] == pytest.approx(expected, abs=1e-5)


def test_a_model_that_does_not_change_has_no_effects_only_rounding():
    def steady(images: Tensor, question: Tensor) -> Tensor:
        return 0.3 + 3e-8 * (images.sum((1, 2, 3)) > 30)

    moved = effects(steady, pixels(IMAGES, "zero"), Subsets(0.5, 9))
    assert (moved == 0).all()
    told = torch.randn(3, 9, generator=SOURCE)
    assert sensitivity_n(told, moved).isnan().all()
    jitter = 0.7 * (1 + 1e-7 * torch.randn(3, 9, generator=SOURCE))
    assert sensitivity_n(jitter, told).isnan().all()


def test_values_that_are_equal_but_for_rounding_have_no_order():
    units, _ = CASES["pixels"]
    noise = 1 + 1e-7 * torch.randint(0, 2, (3, 24), generator=SOURCE)
    flat = torch.full((3, 24), 0.3)
    assert torch.equal(falling_ranks(units, flat * noise, 1), falling_ranks(units, flat, 1))


def test_sensitivity_n_is_numpy_s_correlation_and_undefined_where_nothing_varies():
    told, moved = torch.randn(2, 3, 20, generator=SOURCE)
    expected = [np.corrcoef(a, b)[0, 1] for a, b in zip(told.numpy(), moved.numpy(), strict=True)]
    np.testing.assert_allclose(sensitivity_n(told, moved), expected, atol=1e-6)
    told[1] = 0.1
    assert sensitivity_n(told, moved).isnan().tolist() == [False, True, False]
    assert sensitivity_n(moved, told).isnan().tolist() == [False, True, False]


def test_a_map_that_is_the_effect_of_each_unit_is_perfect_for_a_linear_model():
    def linear(images: Tensor, question: Tensor) -> Tensor:
        return (images * WEIGHTS).sum((1, 2, 3))

    units = pixels(IMAGES, "zero")
    maps = (IMAGES * WEIGHTS).sum(1).flatten(1)
    subsets = Subsets(0.3, 30)
    told, moved = attributed(units, maps, subsets), effects(linear, units, subsets)
    torch.testing.assert_close(sensitivity_n(told, moved), torch.ones(3).double())
    assert infidelity(told, moved, scaled=False).max() < 1e-9
    assert infidelity(7 * told, moved).max() < 1e-9
    assert (infidelity(7 * told, moved, scaled=False) > 1e-3).all()


@pytest.mark.parametrize("scaled", [True, False])
def test_infidelity_is_captum_s(scaled):
    units, _ = CASES["pixels"]
    maps, subsets = maps_of(units), Subsets(0.25, 12)
    for question in range(3):
        drawn = subsets.of(units, question)
        number = torch.full((12,), question)

        def perturbed(inputs, drawn=drawn, number=number):
            mask = drawn.float().view(-1, 1, 4, 6).expand(-1, 3, -1, -1)
            return mask, units.hidden(number, drawn)

        expected = captum.metrics.infidelity(
            lambda images, question=question: bright(images, torch.tensor(question)),
            perturbed,
            IMAGES[question : question + 1],
            maps[question].view(1, 1, 4, 6).expand(-1, 3, -1, -1) / 3,  # shared by the channels
            n_perturb_samples=12,
            normalize=scaled,
        )
        ours = infidelity(
            attributed(units, maps, subsets), effects(bright, units, subsets), scaled=scaled
        )
        assert float(ours[question]) == pytest.approx(float(expected), rel=1e-4)


def test_an_empty_map_misses_the_whole_effect():
    moved = torch.randn(2, 8, generator=SOURCE)
    expected = moved.square().mean(1)
    torch.testing.assert_close(infidelity(torch.zeros(2, 8), moved), expected)


def explain(images: Tensor) -> Tensor:
    return (images**2).sum(1)


def test_max_sensitivity_is_the_largest_change_of_the_map():
    found = max_sensitivity(explain, IMAGES, radius=0.1, samples=5, seed=3)
    source = torch.Generator().manual_seed(3)
    worst = [0.0] * 3
    for _ in range(5):
        noise = torch.rand(IMAGES.shape, generator=source) * 2 - 1
        for row, image in enumerate(IMAGES):
            moved = image + 0.1 * (image.max() - image.min()) * noise[row]
            change = (explain(moved[None]) - explain(image[None])).norm()
            worst[row] = max(worst[row], float(change / explain(image[None]).norm()))
    np.testing.assert_allclose(found, worst, rtol=1e-5)


def test_max_sensitivity_is_captum_s_for_the_same_noise():
    one, noise = IMAGES[:1], []
    source = torch.Generator().manual_seed(0)
    reach = 0.02 * (one.max() - one.min())
    for _ in range(6):
        noise.append(reach * (2 * torch.rand(one.shape, generator=source) - 1))

    def told(inputs: Tensor | tuple[Tensor]) -> tuple[Tensor]:
        return (explain(inputs if isinstance(inputs, Tensor) else inputs[0]),)

    expected = captum.metrics.sensitivity_max(
        told,
        one,
        perturb_func=lambda inputs: one + torch.cat(noise),
        n_perturb_samples=6,
        max_examples_per_batch=6,
    )
    found = max_sensitivity(explain, one, samples=6)
    assert float(found[0]) == pytest.approx(float(expected[0]), rel=1e-5)


def test_a_map_of_zeros_has_no_sensitivity_and_one_that_stays_has_none():
    assert max_sensitivity(lambda images: images[:, 0] * 0, IMAGES).isnan().all()
    assert (max_sensitivity(lambda images: torch.ones(3, 2, 2), IMAGES) == 0).all()


@pytest.mark.parametrize("size", [(9, 40), (4, 6)])
def test_the_blur_is_scipy_s(size):
    image = torch.rand(1, 2, *size, generator=SOURCE, dtype=torch.float64)
    sigma = BLUR * size[1]
    expected = gaussian_filter(
        image[0].numpy(), (0, sigma, sigma), mode="mirror", radius=(0, *[math.ceil(3 * sigma)] * 2)
    )
    np.testing.assert_allclose(image_blur(image)[0], expected, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "words_"),
    [
        (lambda: patches(IMAGES, (5, 2)), UsageError, "grid 5x2: does not divide 4x6 px"),
        (lambda: patches(IMAGES, (2, 2), "grey"), UsageError, "baseline.*'grey'.*mean, blur, zero"),
        (lambda: cells(CELLS, "blur"), UsageError, "'blur': cells and regions have no neighbours"),
        (lambda: deletion(bright, pixels(IMAGES), torch.ones(3, 5)), UsageError, "shape"),
        (lambda: deletion(bright, pixels(IMAGES), torch.ones(3, 24), steps=0), UsageError, "steps"),
        (
            lambda: insertion(bright, pixels(IMAGES), torch.full((3, 24), torch.nan)),
            BadData,
            "NaN has no rank",
        ),
        (lambda: Subsets(0.0).of(pixels(IMAGES), 0), UsageError, "share of 0.0"),
        (lambda: Subsets(0.5, 1).of(pixels(IMAGES), 0), UsageError, "1 subsets"),
        (lambda: max_sensitivity(explain, IMAGES, samples=0), UsageError, "0 samples"),
        (lambda: max_sensitivity(explain, IMAGES, radius=0.0), UsageError, "radius of 0.0"),
    ],
)
def test_what_cannot_be_measured_is_refused(call, error, words_):
    with pytest.raises(error, match=words_):
        call()
