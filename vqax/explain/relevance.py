"""Relevance through the attention of all layers (Chefer, Gur and Wolf 2021, ICCV).

Tokens of one stream: R starts as I, and each layer adds R ← R + Ā R with Ā the mean over heads of
(A ⊙ ∂y/∂A)⁺ (equations 5 and 6). Vision-language models and ViLT are of this kind.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.explain.layers import of_each, weight_gradients
from vqax.models.attention_layers import AttentionLayers


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


def relevant(model: nn.Module, layers: AttentionLayers) -> Float[Tensor, "n n"]:
    """R of a pass."""
    n, device = layers.weights[0].shape[2], layers.weights[0].device
    through = torch.eye(n, device=device)
    for heads, slope in zip(layers.by_head, weight_gradients(model, layers), strict=True):
        step = (heads * slope).relu().mean(0)
        through = through + step @ through
    return through
