"""Weights of boxes to a map of cells, so that regions can be compared with human maps."""

import torch
from jaxtyping import Float
from torch import Tensor

from vqax.errors import UsageError


def rasterise(
    weights: Float[Tensor, "b l"],
    boxes_rel: Float[Tensor, "b l 4"],
    grid: tuple[int, int],
    *,
    divide_by_area: bool = True,
) -> Float[Tensor, "b h w"]:
    """The map M(i,j) = Σ_l w_l · c_l(i,j), with c_l the share of cell (i,j) that box l covers.

    ``boxes_rel`` are x1, y1, x2, y2 as fractions of the image; what lies outside of it counts
    for nothing. With ``divide_by_area`` each c_l is divided by its sum, so that attention, which
    sums to 1, gives a map that sums to 1: a large box spreads its weight thinly. Without it every
    covered cell gets the whole weight, as overlays of box attention are usually painted; then
    large boxes have more mass. Both are linear in the weights and keep their sign.

    Raises:
        UsageError: a grid without cells, or a box without area inside of the image.
    """
    height, width = grid
    if min(grid) < 1:
        raise UsageError(f"a grid of {height} by {width} has no cells; give positive sizes")
    x1, y1, x2, y2 = boxes_rel.clamp(0, 1).unbind(dim=-1)
    rows, columns = _covered(y1, y2, height), _covered(x1, x2, width)
    area = rows.sum(dim=-1) * columns.sum(dim=-1)
    if not bool((area > 0).all()):
        where = (~(area > 0)).nonzero()[0].tolist()
        raise UsageError(
            f"box {where[1]} of image {where[0]} is {boxes_rel[tuple(where)].tolist()}, without "
            "area inside of the image; give x1 < x2 and y1 < y2 as fractions of its size"
        )
    scaled = weights / area if divide_by_area else weights
    return torch.einsum("bl,blh,blw->bhw", scaled, rows, columns)


def _covered(
    start: Float[Tensor, "b l"], end: Float[Tensor, "b l"], cells: int
) -> Float[Tensor, "b l cells"]:
    """The share of each of ``cells`` equal parts of [0,1] that lies in [start, end]."""
    left = torch.arange(cells, dtype=start.dtype, device=start.device)
    first = torch.maximum(start[..., None] * cells, left)
    last = torch.minimum(end[..., None] * cells, left + 1)
    return (last - first).clamp(min=0)
