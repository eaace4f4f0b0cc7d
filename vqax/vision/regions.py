"""What is kept of the regions of an image, and what is asked of them.

A box is x1, y1, x2, y2 in pixels of the image as it is stored, 0 ≤ x1 < x2 ≤ width; a class is
an index into the ``class_names`` of its feature file, ``UNKNOWN`` where nobody said what it is.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int

from vqax.errors import BadData
from vqax.vision.layout import Column

BOXES = 36
UNKNOWN = -1
ROUNDING_PX = 1.0
"""Published boxes reach past the edge by fractions of a pixel."""


@dataclass(frozen=True, slots=True)
class Regions:
    """The regions of one image; ``size_px`` is its width and height, ``scores`` in [0,1]."""

    features: Float[np.ndarray, "k d"]
    boxes_px: Float[np.ndarray, "k 4"]
    classes: Int[np.ndarray, "k"]
    scores: Float[np.ndarray, "k"]
    size_px: tuple[int, int]

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """What the feature file keeps beside the features."""
        return {
            "boxes": self.boxes_px,
            "classes": self.classes,
            "scores": self.scores,
            "sizes": np.array(self.size_px),
        }


def region_columns(boxes: int = BOXES) -> dict[str, Column]:
    """The columns of a region file with that many boxes an image."""
    return {
        "boxes": Column((boxes, 4), "<f4"),
        "classes": Column((boxes,), "<i2"),
        "scores": Column((boxes,), "<f2"),
        "sizes": Column((2,), "<i4"),
    }


def relative(
    boxes_px: Float32[np.ndarray, "b k 4"], sizes_px: Int[np.ndarray, "b 2"]
) -> Float32[np.ndarray, "b k 4"]:
    """x1, y1, x2, y2 as fractions of the width and height of each image."""
    sides = np.tile(sizes_px, 2)[:, None, :]
    fractions: Float32[np.ndarray, "b k 4"] = boxes_px / sides.astype(np.float32)
    return fractions


def inside(
    boxes_px: Float[np.ndarray, "k 4"], size_px: tuple[int, int], where: str
) -> Float32[np.ndarray, "k 4"]:
    """The boxes with fractions of a pixel beyond the edge cut off.

    Raises:
        BadData: a box is not finite, has no area, or lies outside of its image; ``where`` is
            the file and record that the message names.
    """
    limits = np.array([*size_px, *size_px], dtype=np.float32)
    boxes = np.asarray(boxes_px, dtype=np.float32)
    beyond = (boxes < -ROUNDING_PX) | (boxes > limits + ROUNDING_PX) | ~np.isfinite(boxes)
    cut: Float32[np.ndarray, "k 4"] = np.clip(boxes, 0, limits)
    wrong = beyond.any(axis=1) | ~(cut[:, :2] < cut[:, 2:]).all(axis=1)
    if wrong.any():
        k = int(wrong.argmax())
        raise BadData(
            f"{where}: box {k} is {boxes[k].tolist()}, empty or outside of its "
            f"{size_px[0]}x{size_px[1]} px image; correct or fetch it again"
        )
    return cut
