"""Hide one cell or region after the other from a model of features; no image encoder is needed."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.explain.grid import as_grid, check_grid
from vqax.explain.occlusion_effect import OcclusionEffect, hide_each
from vqax.explain.state import left_as_found
from vqax.learning.regions import features_of
from vqax.models.options import option

FILLS: dict[str, Callable[[Float[Tensor, "b l d"]], Float[Tensor, "b l d"]]] = {
    "zero": torch.zeros_like,
    "mean": lambda visual: visual.mean(dim=1, keepdim=True).expand_as(visual),
}
"""What stands for a cell that is hidden: zero, or the mean over the cells of its image."""
AT_ONCE = 64


def filled(model: nn.Module, visual: Float[Tensor, "b l d"], fill: str) -> Float[Tensor, "b l d"]:
    """All cells hidden by ``fill``; a region's box, which tells nothing of its look, stays.

    Raises:
        UsageError: fill is not one of ``FILLS``.
    """
    features = features_of(model, visual)
    blank = option(FILLS, fill, "fill")(features)
    return torch.cat([blank, visual[..., features.shape[2] :]], dim=2)


def region_occlusion(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    *,
    fill: str = "zero",
    score: str = "probability",
    at_once: int = AT_ONCE,
) -> Float[Tensor, "b h w"]:
    """The drop of each cell (``occluded_regions``) on the grid; regions: give a grid of (1, l).

    Raises:
        UsageError: as ``occluded_regions``, or the grid has not as many cells as the model saw.
    """
    check_grid(visual.shape[1], grid)
    found = occluded_regions(model, visual, tokens, answer, fill=fill, score=score, at_once=at_once)
    return as_grid(found.drops, grid)


def occluded_regions(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    *,
    fill: str = "zero",
    score: str = "probability",
    at_once: int = AT_ONCE,
) -> OcclusionEffect:
    """OcclusionEffect (b,l) of the answer when one cell is hidden, by ``fill``, and all others are
    not.

    The cell is not taken away: attention may still fall on it. ``at_once`` rows are computed
    together.

    Raises:
        UsageError: fill or score are not one of ``FILLS`` and ``SCORES``.
    """
    blank = filled(model, visual, fill)

    def without(row: Tensor, cell: Tensor) -> Tensor:
        cells, place = visual[row], torch.arange(len(row), device=visual.device)
        cells[place, cell] = blank[row, cell]
        logits: Tensor = model(cells, tokens[row]).logits
        return logits

    with left_as_found(model), torch.no_grad():
        logits = model(visual, tokens).logits
        every = torch.ones(visual.shape[:2], dtype=torch.bool, device=visual.device)
        return hide_each(logits, answer, every, without, score=score, at_once=at_once)
