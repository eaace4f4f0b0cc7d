"""From images to patch embeddings: the image encoder under a vision transformer.

The embeddings of the patches, before their position is added, are the last thing that does not
depend on the question and still has a place in the image, so they are the cells.
"""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from vqax.errors import UsageError


class Patches(nn.Module):
    """``projection`` of images (p,3,y,x) with RGB in 0..255, made normal by mean, deviation."""

    mean: Tensor
    deviation: Tensor

    def __init__(
        self, projection: nn.Conv2d, *, mean: Sequence[float], deviation: Sequence[float]
    ) -> None:
        super().__init__()
        self.projection = projection
        one = projection.weight.new_tensor
        self.register_buffer("mean", 255 * one(list(mean)).view(1, 3, 1, 1))
        self.register_buffer("deviation", 255 * one(list(deviation)).view(1, 3, 1, 1))

    def forward(self, images: Float[Tensor, "p 3 y x"]) -> Float[Tensor, "p l d"]:
        cells: Tensor = self.projection((images - self.mean) / self.deviation)
        return cells.flatten(2).transpose(1, 2)


def grid_of(projection: nn.Conv2d, size_px: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of patches; raises UsageError if an image is cut by them."""
    rows, columns = (int(side) for side in projection.stride)
    if size_px[0] % rows or size_px[1] % columns or min(size_px) < 1:
        raise UsageError(
            f"size_px: {size_px[0]} by {size_px[1]} px is no whole number of patches of "
            f"{rows} by {columns}; give multiples"
        )
    return size_px[0] // rows, size_px[1] // columns


def attention_to_cells(
    weights: Float[Tensor, "b k n m"], first: int, cells: int
) -> Float[Tensor, "b l"]:
    """How the first token looks at the cells, which begin at place ``first``: mean of the heads,
    made to sum to 1, because some of its attention falls on what is no cell."""
    found = weights[:, :, 0, first : first + cells].mean(dim=1)
    return found / found.sum(dim=1, keepdim=True)
