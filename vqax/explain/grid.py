"""From a row of cells to a map."""

from jaxtyping import Float
from torch import Tensor

from vqax.errors import UsageError


def as_grid(values: Float[Tensor, "*s l"], grid: tuple[int, int]) -> Float[Tensor, "*s h w"]:
    """Lay out the l cells row by row on an h by w grid.

    Raises:
        UsageError: h · w is not l.
    """
    check_grid(values.shape[-1], grid)
    return values.unflatten(-1, grid)


def check_grid(cells: int, grid: tuple[int, int]) -> None:
    """Raise UsageError if the grid has not as many cells as the model saw."""
    h, w = grid
    if h * w != cells:
        raise UsageError(
            f"a grid of {h} by {w} has {h * w} cells, but the model saw {cells}; "
            "give the grid of the features that the model was run on"
        )
