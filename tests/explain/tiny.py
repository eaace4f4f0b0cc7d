"""A differentiable model of a few numbers that meets the contract."""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from vqax.explain import EXPLAINERS, Explainer, PixelModel
from vqax.models.attention_layers import AttentionLayers
from vqax.models.forward import Forward

GRID = (2, 3)
CELLS, WIDTH, WORDS, ANSWERS = 6, 4, 7, 5
IMAGE = (8, 12)


class Tiny(nn.Module):
    """Attention by question, a nonlinear head with dropout and batch norm, and a variance."""

    def __init__(self, *, with_attention: bool = True, variances: int = 1) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, WIDTH, padding_idx=0)
        self.recurrent = nn.LSTM(WIDTH, WIDTH, batch_first=True)
        self.norm = nn.BatchNorm1d(WIDTH)
        self.dropout = nn.Dropout(0.5)
        self.answer = nn.Linear(WIDTH, ANSWERS)
        self.spread = nn.Linear(ANSWERS, variances) if variances else None
        self.with_attention = with_attention
        self.mix = nn.Parameter(torch.randn(2, 2, 3, WIDTH, WIDTH))  # layers, heads, q k v
        self.blocks = nn.ModuleList([nn.Identity(), nn.Identity()])

    def attention_layers(self, visual: Tensor, tokens: Tensor, answer: Tensor) -> AttentionLayers:
        """Two layers of two heads over the question and the cells, read off the question."""
        question = self.recurrent(self.embedding(tokens))[0][:, -1]
        states, weights = torch.cat([question[:, None], visual], 1)[0], []
        for layer, block in zip(self.mix, self.blocks, strict=True):
            queries, keys, values = (states @ layer[:, kind] for kind in range(3))
            weights.append((queries @ keys.transpose(1, 2)).softmax(2)[None])
            states = block((states + (weights[-1][0] @ values).sum(0).tanh())[None])[0]
        logits, _ = self.head(torch.tanh(states[:1]))
        cells = torch.arange(1, len(states))
        names = tuple(f"blocks.{layer}" for layer in range(2))
        score = logits[:, answer[0]]
        return AttentionLayers(score, tuple(weights), cells, torch.tensor([0]), names)

    def forward(self, visual: Tensor, tokens: Tensor) -> Forward:
        question = self.recurrent(self.embedding(tokens))[0][:, -1]
        attention = (visual * question[:, None]).sum(2).softmax(1)
        attended = visual * (attention[:, :, None] if self.with_attention else 1 / CELLS)
        combined = torch.tanh(attended.sum(1)) * question
        logits, variance = self.head(combined)
        seen = attention if self.with_attention else None
        return Forward(logits, seen, attended, visual, question, combined, variance)

    def head(self, combined: Tensor) -> tuple[Tensor, Tensor | None]:
        logits = self.answer(self.dropout(self.norm(combined))).exp()
        return logits, None if self.spread is None else nn.functional.softplus(self.spread(logits))


def tiny(**options) -> Tiny:
    """A model in a state that is easy to disturb: mixed flags, gradients and statistics."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Tiny(**options)
        model.norm.running_mean.uniform_(-1, 1)
    model.train()
    model.norm.eval()
    model.embedding.weight.requires_grad_(False)
    model.answer.weight.grad = torch.ones_like(model.answer.weight)
    return model


def batch(b: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    """visual (b,l,d), tokens (b,t), answer (b,)."""
    generator = torch.Generator().manual_seed(1)
    visual = torch.randn(b, CELLS, WIDTH, generator=generator)
    tokens = torch.randint(0, WORDS, (b, 4), generator=generator)
    return visual, tokens, torch.arange(b) % ANSWERS


class GridEncoder(nn.Module):
    """Images of 8x12 px to the 6 cells; a rectifier in place, one as function, a bounded one."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(inplace=True))
        self.middle = nn.Conv2d(8, 8, 2, stride=2)
        self.last = nn.Conv2d(8, width, 2, stride=2)

    def forward(self, images: Tensor) -> Tensor:
        middle = functional.relu(self.middle(self.stem(images)))
        return functional.relu6(self.last(middle)).permute(0, 2, 3, 1).flatten(1, 2)


def image_encoder(width: int = WIDTH) -> GridEncoder:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        made = GridEncoder(width)
        for weight in made.parameters():
            weight.data.mul_(3)  # cells in 0..6 and beyond, so that every rule has work to do
        return made


def loaded(explain: Explainer, model: nn.Module, b: int = 3) -> tuple[nn.Module, Tensor]:
    """The model as ``explain`` needs it, and its visual input: cells or images."""
    if "pixels" not in explain.needs:
        return model, batch(b)[0]
    images = torch.randn(b, 3, *IMAGE, generator=torch.Generator().manual_seed(4))
    return PixelModel(image_encoder(), model), images


OPTIONS: dict[str, dict[str, object]] = {
    "topn_grad_cam": {"n": 2},
    "occlusion": {"patches": (2, 3)},
    "rise": {"masks": 6, "cells": 3},
    "region_rise": {"masks": 6, "cells": 3},
    "integrated_gradients": {"steps": 2},
    "region_integrated_gradients": {"steps": 2},
    "smooth_grad": {"samples": 2},
    "region_shapley": {"samples": 2, "score": "probability"},
    "region_smooth_grad": {"samples": 2},
}
"""What makes a method small enough for 8x12 px and 200 calls."""


def small(name: str) -> Explainer:
    """The explainer ``name`` with its ``OPTIONS``."""
    explain = EXPLAINERS[name]
    return Explainer(partial(explain.compute, **OPTIONS.get(name, {})), explain.needs)


class Trace:
    """Everything of a model, and around it, that looking at it could change."""

    def __init__(self, model: nn.Module, *tensors: Tensor) -> None:
        self.training = [module.training for module in model.modules()]
        self.wanted = [parameter.requires_grad for parameter in model.parameters()]
        self.gradients = [
            None if p.grad is None else (id(p.grad), p.grad.clone()) for p in model.parameters()
        ]
        self.values = {name: value.clone() for name, value in model.state_dict().items()}
        self.hooks = [
            (len(module._forward_hooks), len(module._backward_hooks)) for module in model.modules()
        ]
        self.inputs = [(tensor.clone(), tensor.requires_grad, tensor.grad) for tensor in tensors]
        self.random = torch.get_rng_state()
        self.gradients_enabled = torch.is_grad_enabled()
        with torch.enable_grad():
            x = torch.ones((), requires_grad=True)
            self.slope = torch.autograd.grad(-functional.relu(x), x)[0].item()

    def assert_equal(self, other: "Trace") -> None:
        assert self.training == other.training
        assert self.wanted == other.wanted
        assert self.hooks == other.hooks
        assert self.slope == other.slope == -1.0  # no backward rule is left behind
        assert self.gradients_enabled == other.gradients_enabled
        assert torch.equal(self.random, other.random)
        for before, after in zip(self.gradients, other.gradients, strict=True):
            assert (before is None) == (after is None)
            if before is not None:
                assert before[0] == after[0]
                assert torch.equal(before[1], after[1])
        assert all(torch.equal(value, other.values[name]) for name, value in self.values.items())
        for before, after in zip(self.inputs, other.inputs, strict=True):
            assert torch.equal(before[0], after[0])
            assert before[1:] == after[1:]
