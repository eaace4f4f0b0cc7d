"""Batches with key objects, and the models that have attention to regularise."""

import torch

from tests.models.small import ANSWERS, build, inputs
from vqax.learning.batches import Batch
from vqax.models import MODELS

WITH_ATTENTION = [name for name in MODELS if build(name)(*inputs()).attention is not None]


def hinted(samples=5, cells=6, seed=3, dtype=torch.float64, answers=ANSWERS):
    """Every second region of most samples is a key object; the last sample has none."""
    visual, tokens = inputs(samples, cells=cells, seed=seed, dtype=dtype)
    generator = torch.Generator().manual_seed(seed)
    targets = torch.rand(samples, answers, generator=generator, dtype=dtype)
    targets = targets * (targets > 0.4)
    hints = torch.rand(samples, cells, generator=generator)
    hints = torch.where(hints > 0.5, hints, 0.0)
    hints[-1] = 0.0
    ids = torch.arange(samples) * 1000 + 7
    words = torch.ones(samples, dtype=torch.int64)
    bias = torch.rand(samples, answers, generator=generator).to(dtype)
    return Batch(ids, ids // 2, visual, tokens, targets, hints, bias, words)


def generator():
    return torch.Generator().manual_seed(11)


def one(batch, b):
    return batch.each(lambda part: part[b : b + 1])


def gradients_of(model, objective, batch):
    """The step and the gradients it leaves, zeros where none arrives."""
    model.zero_grad(set_to_none=True)
    step = objective(model, batch, generator())
    step.loss.backward()
    return step, {
        key: torch.zeros_like(value) if value.grad is None else value.grad.clone()
        for key, value in model.named_parameters()
    }
