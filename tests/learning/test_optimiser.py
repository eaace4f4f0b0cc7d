"""Optimisers by name and group, and the learning rate of each step."""

from dataclasses import replace

import pytest
import torch

from tests.learning import tiny
from vqax.errors import UsageError
from vqax.learning.optimiser import (
    OPTIMISERS,
    build_optimiser,
    optimisers,
    rate_factor,
    restore_optimisers,
    set_rates,
    state_of_optimisers,
)
from vqax.settings import OPTIONS_OF, OptimiserSettings


def test_a_group_gets_its_own_optimiser() -> None:
    model = tiny.model()
    main, variance = sorted(
        optimisers(
            model, OptimiserSettings("adamax", 0.002), {"variance": OptimiserSettings("sgd", 0.1)}
        ),
        key=lambda optimiser: type(optimiser).__name__,
    )
    assert isinstance(main, torch.optim.Adamax)
    assert isinstance(variance, torch.optim.SGD)
    own = {id(p) for p in model.variance.parameters()}
    assert {id(p) for p in variance.param_groups[0]["params"]} == own
    assert {id(p) for p in main.param_groups[0]["params"]} == {
        id(p) for p in model.parameters()
    } - own


def test_a_group_without_parameters_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"'varianze'.*TinyModel.*variance\.weight"):
        optimisers(
            tiny.model(), OptimiserSettings("sgd", 1.0), {"varianze": OptimiserSettings("sgd", 1.0)}
        )


def test_frozen_parameters_are_left_out() -> None:
    model = tiny.model()
    model.embedding.requires_grad_(False)
    (only,) = optimisers(model, OptimiserSettings("adam", 0.1), {})
    assert all(p is not model.embedding.weight for p in only.param_groups[0]["params"])


def test_unknown_names_are_usage_errors() -> None:
    with pytest.raises(UsageError, match=r"'adamz'.*adamw, adam, adamax, sgd"):
        optimisers(tiny.model(), OptimiserSettings("adamz", 0.1), {})
    with pytest.raises(UsageError, match=r"'linear'.*none, cosine"):
        rate_factor(0, warmup_steps=0.0, total_steps=5, decay="linear")


def test_every_optimiser_has_its_settings_named() -> None:
    assert OPTIONS_OF.keys() == OPTIMISERS.keys()
    weight = torch.nn.Parameter(torch.zeros(3))
    given = OptimiserSettings("adam", 0.1, betas=(0.5, 0.75), eps=1e-3, momentum=0.25)
    for name, options in OPTIONS_OF.items():
        built = build_optimiser(replace(given, name=name), [weight]).defaults
        assert all(built[option] == getattr(given, option) for option in options)


def test_rate_rises_then_falls() -> None:
    factors = [rate_factor(s, warmup_steps=4.0, total_steps=10, decay="cosine") for s in range(10)]
    assert factors[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert factors[7] == pytest.approx(0.5)
    assert factors[4:] == sorted(factors[4:], reverse=True)
    assert 0.0 < factors[9] < 0.1


def test_rate_is_constant_without_schedule() -> None:
    assert {rate_factor(s, warmup_steps=0.0, total_steps=3, decay="none") for s in range(9)} == {
        1.0
    }


def test_set_rates_scales_the_initial_rate_each_time() -> None:
    (own,) = optimisers(tiny.model(), OptimiserSettings("sgd", 0.4), {})
    set_rates([own], 0.5)
    set_rates([own], 0.25)
    assert own.param_groups[0]["lr"] == pytest.approx(0.1)


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_restored_optimisers_go_on_alike(name: str, momentum: float) -> None:
    chosen = OptimiserSettings(name, 0.05, weight_decay=0.1, momentum=momentum)

    def step(model: tiny.TinyModel, own: list[torch.optim.Optimizer], seed: int) -> None:
        noise = torch.Generator().manual_seed(seed)
        for parameter in model.parameters():
            parameter.grad = torch.randn(parameter.shape, generator=noise)
        for optimiser in own:
            optimiser.step()

    groups = {"variance": OptimiserSettings("adam", 0.1)}
    first = tiny.model()
    own = optimisers(first, chosen, groups)
    step(first, own, 1)
    second = tiny.model(seed=9)
    second.load_state_dict(first.state_dict())
    resumed = optimisers(second, chosen, groups)
    tensors, plain = state_of_optimisers(own)
    copies = {key: tensor.clone() for key, tensor in tensors.items()}
    restore_optimisers(resumed, copies | plain)
    step(first, own, 2)
    step(second, resumed, 2)
    assert all(
        torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True)
    )


@pytest.mark.parametrize("name", OPTIMISERS)
def test_an_update_is_that_of_torch_without_fusing(name) -> None:
    torch.manual_seed(0)
    ours, theirs = (torch.nn.Parameter(torch.ones(5)) for _ in range(2))
    optimiser = build_optimiser(OptimiserSettings(name, 0.1, weight_decay=0.01), [ours])
    plain = OPTIMISERS[name]([theirs], lr=0.1, weight_decay=0.01)
    for _ in range(3):
        ours.grad = torch.randn(5)
        theirs.grad = ours.grad.clone()
        optimiser.step()
        plain.step()
    torch.testing.assert_close(ours, theirs)
    assert not torch.equal(ours, torch.ones(5))
