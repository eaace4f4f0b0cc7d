"""A model on a part of the regions of its image: features blanked, or regions taken away."""

from collections.abc import Iterator

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from vqax.models.forward import BOX, Forward


def features_of(model: nn.Module, visual: Float[Tensor, "b l d"]) -> Float[Tensor, "b l d_in"]:
    """The channels that are features: all, or all but those of the box."""
    return visual[..., :-BOX] if getattr(model, "reads_boxes", False) else visual


def blank_(
    model: nn.Module, visual: Float[Tensor, "b l d"], masked: Bool[Tensor, "b l"]
) -> Float[Tensor, "b l d"]:
    """Set the features of the masked regions to 0, in place; their boxes stay where they are.

    The region itself stays too: attention may still fall on it (AttReg, released code).
    """
    features_of(model, visual).masked_fill_(masked.unsqueeze(-1), 0.0)
    return visual


def seeing_only(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    kept: Bool[Tensor, "b l"],
) -> Iterator[tuple[Int[Tensor, "n"], Forward]]:
    """Outputs of the model for the ``kept`` regions alone, each with the rows it is of.

    Rows that see equally many regions go together. A row that sees none is not among them.
    """
    counts = kept.sum(1)
    order = (~kept).to(torch.uint8).sort(dim=1, stable=True).indices  # the kept ones first
    for count in counts.unique().tolist():
        if count == 0:
            continue
        rows = (counts == count).nonzero()[:, 0]
        chosen = order[rows, :count]
        yield rows, model(visual[rows.unsqueeze(1), chosen], tokens[rows])
