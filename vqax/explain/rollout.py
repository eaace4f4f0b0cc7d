"""Attention rollout: attention through all layers (Abnar and Zuidema 2020, section 3).

A token keeps half of itself by the residual connection: Ã_k = ½ A_k + ½ I with A_k the mean of the
heads, whose rows sum to 1, and R = Ã_L ⋯ Ã_1 says how much of each input there is in each output.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.explain.layers import Layers, of_each, weights_by_layer


def rollout(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
) -> Float[Tensor, "b h w"]:
    """R from the tokens that the answer is read off to the cells, in [0, 1]; alike for all answers.

    Raises:
        UsageError: as ``of_each``.
    """
    return of_each(model, visual, tokens, answer, grid, rolled)


def rolled(layers: Layers) -> Float[Tensor, "b n n"]:
    """R of a pass; a stream that does not look in a layer keeps itself."""
    kept = torch.eye(layers.tokens, device=layers.weights[0].device)
    through = kept.expand(len(layers.weights[0]), -1, -1)
    for heads in weights_by_layer(layers):
        looks = heads.mean(1)
        looking = looks.any(dim=2, keepdim=True)
        through = torch.where(looking, (looks + kept) / 2, kept) @ through
    return through
