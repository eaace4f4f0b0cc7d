"""The rule by which two maps come to one grid: a part of what a metric means.

The same pair of maps scores differently by each rule (docs/alignment.md shows by how much), so a
number without its rule cannot be compared. Every rule covers the whole image: cell (i,j) of an h by
w grid is the same fraction of the image as of the map, and nothing is cropped.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Real
from PIL import Image

from vqax.errors import UsageError
from vqax.metrics.resize import resize_area

Size = tuple[int, int]


class Resizing(NamedTuple):
    """A kernel of ``KERNELS`` and the (rows, columns) that every map is brought to."""

    kernel: str
    size: Size

    def __call__(self, one_map: Real[np.ndarray, "h w"]) -> Float32[np.ndarray, "h2 w2"]:
        """The map on the grid; raises UsageError if there is no such kernel or no cell."""
        if self.kernel not in KERNELS:
            raise UsageError(f"kernel {self.kernel!r} is not known; choose {', '.join(KERNELS)}")
        if min(self.size) < 1:
            raise UsageError(
                f"grid {self.size[0]}x{self.size[1]} has no cells; give positive sizes"
            )
        return KERNELS[self.kernel](one_map, self.size)

    def __str__(self) -> str:
        return f"{self.kernel} {self.size[0]}x{self.size[1]}"


def resize_bilinear(one_map: Real[np.ndarray, "h w"], size: Size) -> Float32[np.ndarray, "h2 w2"]:
    """A triangle filter over the area of a new cell (antialiased), interpolation where it grows."""
    return _pillow(one_map, size, Image.Resampling.BILINEAR)


def resize_nearest(one_map: Real[np.ndarray, "h w"], size: Size) -> Float32[np.ndarray, "h2 w2"]:
    """The value under the centre of each new cell: no antialiasing, to show what that costs."""
    return _pillow(one_map, size, Image.Resampling.NEAREST)


KERNELS: dict[str, Callable[[np.ndarray, Size], np.ndarray]] = {
    "area": resize_area,
    "bilinear": resize_bilinear,
    "nearest": resize_nearest,
}


def binned_fixations(counts: Real[np.ndarray, "h w"], size: Size) -> Float64[np.ndarray, "h2 w2"]:
    """How many fixations fall into each cell of a grid: their number is kept."""
    (h, w), (rows, columns) = counts.shape, size
    y, x = np.nonzero(counts)
    binned = np.zeros(size)
    # the cell that holds the pixel's centre
    at = ((2 * y + 1) * rows // (2 * h), (2 * x + 1) * columns // (2 * w))
    np.add.at(binned, at, counts[y, x])
    return binned


def _pillow(
    one_map: Real[np.ndarray, "h w"], size: Size, kernel: Image.Resampling
) -> Float32[np.ndarray, "h2 w2"]:
    image = Image.fromarray(np.ascontiguousarray(one_map, dtype=np.float32))
    return np.asarray(image.resize((size[1], size[0]), kernel))
