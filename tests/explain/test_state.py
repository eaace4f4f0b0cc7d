import pytest
import torch

from tests.explain.tiny import Trace, batch, tiny
from vqax.explain.state import left_as_found, seed_draws


def test_inside_the_model_is_frozen_and_gradients_are_on():
    model = tiny()
    with torch.no_grad(), left_as_found(model):
        assert not any(module.training for module in model.modules())
        assert not any(parameter.requires_grad for parameter in model.parameters())
        assert torch.is_grad_enabled()


@pytest.mark.parametrize("fails", [False, True])
def test_every_flag_and_the_random_state_come_back(fails):
    model = tiny()
    before = Trace(model)
    try:
        with left_as_found(model):
            torch.rand(3)
            model.train()
            model.requires_grad_(True)
            if fails:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert fails
    before.assert_equal(Trace(model))


def test_can_be_nested():
    model = tiny()
    before = Trace(model)
    with left_as_found(model):
        with left_as_found(model):
            model.train()
        assert not model.training
    before.assert_equal(Trace(model))


def test_training_goes_on_as_if_nobody_had_looked():
    def loss_after(encode: bool) -> torch.Tensor:
        model, (visual, tokens, _) = tiny(), batch()
        with torch.random.fork_rng():
            torch.manual_seed(3)
            if encode:
                with left_as_found(model):
                    model(visual, tokens)
            model(visual, tokens).logits.sum().backward()
        return model.answer.bias.grad

    assert torch.equal(loss_after(True), loss_after(False))


def test_seeded_draws_repeat():
    model = tiny()
    draws = []
    with left_as_found(model):
        for seed in (1, 1, 2):
            seed_draws(model, seed)
            draws.append(torch.rand(4))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[1], draws[2])
