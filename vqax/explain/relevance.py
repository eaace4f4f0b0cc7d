"""Relevance through the attention of all layers (Chefer, Gur and Wolf 2021, ICCV).

Ā is the mean over heads of (A ⊙ ∂y/∂A)⁺ (equation 5). Tokens of one stream, as in vision-language
models and ViLT: R starts as I, and each layer adds R ← R + Ā R (equation 6).

Two streams s and q that look at each other, as in LXMERT: R_ss starts as I, R_sq as 0. Where s
looks at itself, R_ss ← R_ss + Ā R_ss and R_sq ← R_sq + Ā R_sq (6, 7). Where s looks at q,

    R_sq ← R_sq + R̄_ssᵀ Ā R̄_qq      R_ss ← R_ss + Ā R_qs      (10, 11)

with R̄ = (R − I) / its row sums + I (8, 9); a row that nothing was added to stays that of I.
"""

from typing import get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.explain.layers import Layers, of_each, weight_gradients
from vqax.models.attention_layers import AttentionLayers, CrossAttentionLayers, Stream

Between = dict[tuple[Stream, Stream], Tensor]
"""R of one stream's tokens (rows) to another's (columns), each (b,n,m)."""


def relevance(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
) -> Float[Tensor, "b h w"]:
    """R from the tokens that the answer is read off to the cells, at least 0.

    Raises:
        UsageError: no gradient reaches the weights, or as ``of_each``.
    """
    return of_each(model, visual, tokens, answer, grid, lambda layers: relevant(model, layers))


def relevant(model: nn.Module, layers: Layers) -> Float[Tensor, "b n n"]:
    """R of a pass among all tokens."""
    steps = [
        (weights.detach().float() * slope).relu().mean(1)
        for weights, slope in zip(layers.weights, weight_gradients(model, layers), strict=True)
    ]
    if isinstance(layers, AttentionLayers):
        return _in_one_stream(steps)
    return _in_two_streams(layers, steps)


def _in_one_stream(steps: list[Float[Tensor, "b n n"]]) -> Float[Tensor, "b n n"]:
    through = torch.eye(steps[0].shape[2], device=steps[0].device)
    through = through.expand(len(steps[0]), -1, -1)
    for step in steps:
        through = through + step @ through
    return through


def _in_two_streams(layers: CrossAttentionLayers, steps: list[Tensor]) -> Float[Tensor, "b n n"]:
    sizes: dict[Stream, int] = {"words": layers.words, "cells": layers.image_cells}
    through = _start(sizes, steps[0])
    rest = iter(steps)
    for layer in layers.layers:
        added = [_added(through, look.of, look.at, next(rest)) for look in layer]
        for part in added:
            through = through | {pair: through[pair] + more for pair, more in part.items()}
    rows = [torch.cat([through[s, q] for q in sizes], dim=2) for s in sizes]
    return torch.cat(rows, dim=1)


def _start(sizes: dict[Stream, int], like: Tensor) -> Between:
    """I within a stream, 0 between the two."""
    b = len(like)
    return {
        (s, q): like.new_ones(b, n).diag_embed() if s == q else like.new_zeros(b, n, m)
        for s, n in sizes.items()
        for q, m in sizes.items()
    }


def _added(through: Between, s: Stream, q: Stream, step: Float[Tensor, "b n m"]) -> Between:
    """What an attention of ``s`` at ``q`` adds to R."""
    if s == q:
        return {(s, other): step @ through[s, other] for other in get_args(Stream)}
    own, looked_at = _normalised(through[s, s]), _normalised(through[q, q])
    return {(s, q): own.mT @ step @ looked_at, (s, s): step @ through[q, s]}


def _normalised(within: Float[Tensor, "b n n"]) -> Float[Tensor, "b n n"]:
    """R̄ of equations 8 and 9."""
    kept = torch.eye(within.shape[2], device=within.device)
    beyond = within - kept
    total = beyond.sum(2, keepdim=True)
    return torch.where(total > 0, beyond / total, 0) + kept
