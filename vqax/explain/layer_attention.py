"""The attention of a layer and head of a transformer, or their mean."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.explain.layers import Layers, of_each, weights_by_layer


def layer_attention(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    *,
    layer: int | None = None,
    head: int | None = None,
) -> Float[Tensor, "b h w"]:
    """A_(layer, head) from the tokens that the answer is read off to the cells, in [0, 1].

    ``layer`` counts from 0, from the end if negative; None is the mean of all, as of ``head``.
    What falls on words is left out, so a map sums to less than 1. Two streams have a layer for
    each time that both look; one in which the answer's looks at words is 0 at the cells.

    Raises:
        UsageError: no such layer or head, or as ``of_each``.
    """

    def chosen(layers: Layers) -> Float[Tensor, "b n n"]:
        shown = weights_by_layer(layers)
        picked = shown if layer is None else [shown[checked(layer, len(shown), "layer")]]
        return torch.stack([_of_head(heads, head) for heads in picked]).mean(0)

    return of_each(model, visual, tokens, answer, grid, chosen)


def _of_head(heads: Float[Tensor, "b heads n n"], head: int | None) -> Float[Tensor, "b n n"]:
    return heads.mean(1) if head is None else heads[:, checked(head, heads.shape[1], "head")]


def checked(index: int, count: int, name: str) -> int:
    """``index`` if there is such a layer or head of ``count``; raises UsageError."""
    if not -count <= index < count:
        raise UsageError(f"{name}: {index} of {count}; give {-count} to {count - 1}")
    return index
