"""Attention times its gradient (Barkan et al. 2021, Grad-SAM).

M = mean over layers and heads of A ⊙ ∂y/∂A. Grad-SAM takes the ReLU of the gradient, which
``rectified`` does; without it the map is signed, as the others here are.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.explain.layers import Layers, gradients_by_layer, of_each, weights_by_layer


def attention_gradient(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    *,
    rectified: bool = False,
) -> Float[Tensor, "b h w"]:
    """M from the tokens that the answer is read off to the cells, signed unless ``rectified``.

    Raises:
        UsageError: no gradient reaches the weights, or as ``of_each``.
    """

    def product(layers: Layers) -> Float[Tensor, "b n n"]:
        slopes = gradients_by_layer(model, layers)
        return torch.stack(
            [
                (heads * (slope.relu() if rectified else slope)).mean(1)
                for heads, slope in zip(weights_by_layer(layers), slopes, strict=True)
            ]
        ).mean(0)

    return of_each(model, visual, tokens, answer, grid, product)
