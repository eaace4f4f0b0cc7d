"""Cascading randomisation: every layer, the model left as found, and what it tells apart."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from tests.explain.tiny import GRID, Trace, batch, tiny
from vqax.errors import UsageError
from vqax.evaluation import cascading_randomisation
from vqax.explain import EXPLAINERS

VISUAL, TOKENS, ANSWER = batch()


def grad_cam(model: nn.Module):
    return lambda: EXPLAINERS["grad_cam"](model, VISUAL, TOKENS, ANSWER, GRID)


def test_layers_are_drawn_anew_from_the_last_to_the_first():
    model = tiny()
    trace, seen = Trace(model), []

    def explain():
        seen.append(
            [name for name, one in state(model).items() if not torch.equal(one, start[name])]
        )
        return grad_cam(model)()

    start = state(model)
    found = cascading_randomisation(model, explain, seed=3)
    names = [one.layer for one in found]
    assert names == ["spread", "answer", "norm", "recurrent", "embedding", ""]
    for number, changed in enumerate(seen[1:], 1):
        layers = {name.rpartition(".")[0] for name in changed}
        assert layers <= set(names[:number])
        assert names[number - 1] in layers
    trace.assert_equal(Trace(model))


def state(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def test_the_similarity_is_spearman_s_with_the_maps_before():
    model, maps = tiny(), []

    def explain():
        maps.append(grad_cam(model)())
        return maps[-1]

    found = cascading_randomisation(model, explain, seed=1)
    for later, one in zip(maps[1:], found, strict=True):
        expected = [
            spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(later, maps[0], strict=True)
        ]
        np.testing.assert_allclose(one.similarity, expected, atol=1e-6)


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_left_as_found_also_after_an_exception(fails):
    model, calls = tiny(), 0

    def explain():
        nonlocal calls
        calls += 1
        if fails and calls == 3:
            raise RuntimeError("out of memory")
        return grad_cam(model)()

    trace = Trace(model)
    pointers = [tensor.data_ptr() for tensor in model.parameters()]
    if fails:
        with pytest.raises(RuntimeError, match="out of memory"):
            cascading_randomisation(model, explain)
    else:
        cascading_randomisation(model, explain)
    trace.assert_equal(Trace(model))
    assert [tensor.data_ptr() for tensor in model.parameters()] == pointers


def test_a_map_of_the_image_alone_does_not_notice():
    found = cascading_randomisation(tiny(), lambda: VISUAL.sum(2))
    assert all((one.similarity > 1 - 1e-12).all() for one in found)


def test_layers_may_be_named_and_unknown_ones_are_refused():
    model = tiny()
    found = cascading_randomisation(model, grad_cam(model), layers=["embedding"])
    assert [one.layer for one in found] == ["embedding"]
    with pytest.raises(UsageError, match=r"layers: head of Tiny; choose from spread, answer"):
        cascading_randomisation(model, grad_cam(model), layers=["head"])
    with pytest.raises(UsageError, match=r"layers: none of Identity"):
        cascading_randomisation(nn.Identity(), lambda: VISUAL)


class Own(nn.Module):
    """Parameters without a method that draws them."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(5, 4, generator=torch.Generator().manual_seed(0)))
        self.scale = nn.Parameter(torch.ones(5))


@pytest.mark.parametrize(
    "make", [Own, lambda: weight_norm(nn.Linear(4, 5)), lambda: nn.Linear(4, 5)]
)
def test_a_layer_is_random_whatever_keeps_its_weights(make):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = make()
    before, weights = model.weight.detach().clone(), []

    def explain():
        weights.append(model.weight.detach().clone())
        return torch.arange(6.0).view(1, 2, 3)

    cascading_randomisation(model, explain)
    assert not torch.allclose(weights[-1], before)
    assert torch.equal(model.weight, before)
    assert 0.2 < float(weights[-1].std() / before.std()) < 5
