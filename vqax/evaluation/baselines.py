"""What stands in the place of what is hidden: the mean, a blur, or zero."""

from collections.abc import Callable
from math import ceil

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from vqax.errors import UsageError
from vqax.models.options import option

BLUR = 0.05
"""Standard deviation of the blur in image widths: 11 px of 224, as RISE's insertion has it."""


def image_mean(images: Float[Tensor, "b c y x"]) -> Float[Tensor, "b c y x"]:
    """The mean colour of each image, everywhere."""
    return images.mean(dim=(2, 3), keepdim=True).expand_as(images)


def image_blur(images: Float[Tensor, "b c y x"]) -> Float[Tensor, "b c y x"]:
    """Each image under a Gaussian of deviation ``BLUR`` widths, mirrored at the edges.

    The kernel ends after three deviations, or where the mirrored image would.
    """
    sigma = BLUR * images.shape[3]
    for axis in (2, 3):
        reach = min(ceil(3 * sigma), images.shape[axis] - 1)
        at = torch.arange(-reach, reach + 1, device=images.device, dtype=images.dtype)
        kernel = torch.exp(-0.5 * (at / sigma) ** 2)
        images = _along(images, kernel / kernel.sum(), axis)
    return images


def cell_mean(cells: Float[Tensor, "b l d"]) -> Float[Tensor, "b l d"]:
    """The mean over the cells or regions of each question."""
    return cells.mean(dim=1, keepdim=True).expand_as(cells)


IMAGE_BASELINES: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": image_mean,
    "blur": image_blur,
    "zero": torch.zeros_like,
}
CELL_BASELINES: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": cell_mean,
    "zero": torch.zeros_like,
}


def image_baseline(images: Float[Tensor, "b c y x"], name: str) -> Float[Tensor, "b c y x"]:
    """Images with nothing to see; raises UsageError if ``name`` is not in ``IMAGE_BASELINES``."""
    return option(IMAGE_BASELINES, name, "baseline")(images)


def cell_baseline(cells: Float[Tensor, "b l d"], name: str) -> Float[Tensor, "b l d"]:
    """Cells with nothing to see.

    Raises:
        UsageError: ``name`` is not in ``CELL_BASELINES``; cells have no neighbours to blur with.
    """
    if name == "blur":
        raise UsageError(
            "baseline 'blur': cells and regions have no neighbours; choose mean or zero"
        )
    return option(CELL_BASELINES, name, "baseline")(cells)


def _along(
    images: Float[Tensor, "b c y x"], kernel: Float[Tensor, "k"], axis: int
) -> Float[Tensor, "b c y x"]:
    reach, channels = len(kernel) // 2, images.shape[1]
    tall = axis == 2
    padding = (0, 0, reach, reach) if tall else (reach, reach, 0, 0)
    shape = (1, 1, -1, 1) if tall else (1, 1, 1, -1)
    padded = functional.pad(images, padding, mode="reflect")
    return functional.conv2d(padded, kernel.view(shape).repeat(channels, 1, 1, 1), groups=channels)
