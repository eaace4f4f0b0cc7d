"""The attention of a layer and head of a transformer, or their mean."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.explain.layers import of_each
from vqax.models.attention_layers import AttentionLayers


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
    What falls on words is left out, so a map sums to less than 1.

    Raises:
        UsageError: no such layer or head, or as ``of_each``.
    """

    def chosen(layers: AttentionLayers) -> Float[Tensor, "n n"]:
        picked = layers.by_head if layer is None else [_at(layers.by_head, layer, "layer")]
        return torch.stack(
            [heads.mean(0) if head is None else _at(heads, head, "head") for heads in picked]
        ).mean(0)

    return of_each(model, visual, tokens, answer, grid, chosen)


def _at(parts: tuple[Tensor, ...] | Tensor, index: int, name: str) -> Tensor:
    if not -len(parts) <= index < len(parts):
        raise UsageError(f"{name}: {index} of {len(parts)}; give {-len(parts)} to {len(parts) - 1}")
    return parts[index]
