"""From a row of cells to a map."""

from jaxtyping import Float
from torch import Tensor

from vqax.errors import UsageError


def as_grid(values: Float[Tensor, "b l"], grid: tuple[int, int]) -> Float[Tensor, "b h w"]:
    """Lay out the l cells row by row on an h by w grid.

    Raises:
        UsageError: h · w is not l.
    """
    b, cells = values.shape
    h, w = grid
    if h * w != cells:
        raise UsageError(
            f"a grid of {h} by {w} has {h * w} cells, but the model saw {cells}; "
            "give the grid of the features that the model was run on"
        )
    return values.reshape(b, h, w)
