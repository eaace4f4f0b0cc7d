"""Passes that show the attention of every layer, a question at a time, and its gradients."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.explain.answers import check_answers
from vqax.explain.grid import as_grid
from vqax.explain.state import left_as_found
from vqax.models.attention_layers import AttentionLayers


def shows_layers(model: nn.Module) -> bool:
    """Whether a model has the method ``attention_layers``."""
    return hasattr(model, "attention_layers")


def passes(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
) -> Iterator[AttentionLayers]:
    """A pass for each question with its graph, which lives until the next.

    Raises:
        UsageError: the model does not show its layers, or there is not one answer for each.
    """
    check_answers(answer, len(tokens))
    if not shows_layers(model):
        raise UsageError(
            f"{type(model).__name__} does not show the attention of its layers; give it a method "
            "attention_layers (vqax.models.attention_layers), or choose another explainer"
        )
    looks: Any = model
    for row in range(len(tokens)):
        one = slice(row, row + 1)
        cells = visual[one].detach().clone().requires_grad_()
        yield looks.attention_layers(cells, tokens[one], answer[one])


def of_each(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    among_tokens: Callable[[AttentionLayers], Float[Tensor, "n n"]],
) -> Float[Tensor, "b h w"]:
    """Maps of how the tokens that the answer is read off look at the cells, mean of the former.

    Raises:
        UsageError: the model does not show its layers, or the grid has not as many cells as it.
    """
    maps = []
    with left_as_found(model):
        for layers in passes(model, visual, tokens, answer):
            among = among_tokens(layers).detach()
            maps.append(among[layers.reads][:, layers.cells].mean(dim=0))
    return as_grid(torch.stack(maps).to(visual.device), grid)


def weight_gradients(model: nn.Module, layers: AttentionLayers) -> list[Float[Tensor, "heads n n"]]:
    """∂score/∂weights of each layer; 0 where the score does not depend on one.

    Raises:
        UsageError: it depends on none through differentiable operations.
    """
    found: tuple[Tensor | None, ...] = (None,)
    if layers.score.requires_grad:
        found = torch.autograd.grad(layers.score, layers.weights, allow_unused=True)
    if all(gradient is None for gradient in found):
        raise UsageError(
            f"no gradient reaches the attention cells of {type(model).__name__}; its score must be "
            "computed from the weights it shows, without detach or no_grad"
        )
    return [
        torch.zeros_like(weights)[0] if gradient is None else gradient[0].float()
        for weights, gradient in zip(layers.weights, found, strict=True)
    ]
