"""Passes that show the attention of every layer, some questions at a time, and its gradients."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.explain.answers import check_answers
from vqax.explain.grid import as_grid
from vqax.explain.state import left_as_found
from vqax.models.attention_layers import AttentionLayers, CrossAttentionLayers

Layers = AttentionLayers | CrossAttentionLayers


def shows_layers(model: nn.Module) -> bool:
    """Whether a model has the method ``attention_layers``."""
    return hasattr(model, "attention_layers")


def passes(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
) -> Iterator[Layers]:
    """Passes over all questions with their graph, which lives until the next.

    Raises:
        UsageError: the model does not show its layers, or there is not one answer for each.
    """
    check_answers(answer, len(tokens))
    if not shows_layers(model):
        raise UsageError(
            f"{type(model).__name__} does not show the attention of its layers; give it a method "
            "attention_layers (vqax.models.attention_layers), or choose another explainer"
        )
    shown: Any = model
    at_once = getattr(model, "layers_at_once", 1)
    for start in range(0, len(tokens), at_once):
        rows = slice(start, start + at_once)
        cells = visual[rows].detach().clone().requires_grad_()
        yield shown.attention_layers(cells, tokens[rows], answer[rows])


def of_each(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    among_tokens: Callable[[Layers], Float[Tensor, "b n n"]],
) -> Float[Tensor, "b h w"]:
    """Maps of how the tokens that the answer is read off look at the cells, mean of the former.

    Raises:
        UsageError: the model does not show its layers, or the grid has not as many cells as it.
    """
    maps = []
    with left_as_found(model):
        for layers in passes(model, visual, tokens, answer):
            among = among_tokens(layers).detach()
            maps.append(among[:, layers.reads][:, :, layers.cells].mean(dim=1))
    return as_grid(torch.cat(maps).to(visual.device), grid)


def weights_by_layer(layers: Layers) -> list[Float[Tensor, "b heads n n"]]:
    """The attention of each layer among all tokens, without its graph."""
    return layers.by_layer(tuple(weights.detach().float() for weights in layers.weights))


def gradients_by_layer(model: nn.Module, layers: Layers) -> list[Float[Tensor, "b heads n n"]]:
    """∂score/∂weights of each layer among all tokens."""
    return layers.by_layer(weight_gradients(model, layers))


def weight_gradients(model: nn.Module, layers: Layers) -> tuple[Tensor, ...]:
    """∂score/∂weights, one for each of ``layers.weights``; 0 where the score does not depend on it.

    Raises:
        UsageError: it depends on none, or there is no gradient at one of them.
    """
    weights = layers.weights
    slopes: tuple[Tensor | None, ...] = (None,)
    if layers.score.requires_grad and all(own.requires_grad for own in weights):
        slopes = torch.autograd.grad(layers.score.sum(), weights, allow_unused=True)
    if all(slope is None for slope in slopes):
        raise UsageError(
            f"no gradient reaches the attention cells of {type(model).__name__}; its score must be "
            "computed from the weights it shows, without detach or no_grad, and all of them from "
            "what requires a gradient"
        )
    return tuple(
        torch.zeros_like(own).float() if slope is None else slope.float()
        for own, slope in zip(weights, slopes, strict=True)
    )
