"""One convention from an image to what a network sees: the whole image, squeezed to a square.

No crop, so that cell (i,j) of an h×w grid covers the same fraction of the original image as of
the network's input, and a map drawn over the original needs no shift. Antialiased, because a
point-sampled image moves edges by up to a cell.
"""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from vqax.data.images import as_rgb

CONVENTION = "whole image to a square, antialiased bilinear, no crop"


def preprocess(image: Image.Image, input_px: int) -> UInt8[Tensor, "3 h w"]:
    """The image as RGB in 0..255 of ``input_px`` × ``input_px``; aspect ratio is not kept.

    Mean and deviation of the colours belong to the weights: the extractor applies them.

    Raises:
        BadData: its values have no known range (``as_rgb``).
    """
    square = as_rgb(image).resize((input_px, input_px), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(square)).permute(2, 0, 1)


def squeezed(image: Image.Image, size_px: tuple[int, int]) -> Float[Tensor, "1 3 y x"]:
    """The whole image at (rows, columns), by the rule of ``preprocess``.

    Raises:
        BadData: as ``preprocess``.
    """
    rows, columns = size_px
    small = as_rgb(image).resize((columns, rows), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1)[None].float()
