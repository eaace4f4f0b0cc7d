"""Integrated gradients (Sundararajan, Taly and Yan 2017), at the pixels and at the cells.

(x - x') ∫₀¹ ∂y/∂x at x' + α(x - x') dα, with y the logit before softmax and x' the baseline. Its
sum is y(x) - y(x'): completeness, up to the error of a Gauss-Legendre sum over ``steps`` points,
which for a network with rectifiers falls slowly. Signed; channels are summed.
"""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.explain.gradient import gradient_at, logit_of
from vqax.explain.grid import as_grid, check_grid
from vqax.explain.occlusion import GREY
from vqax.explain.pixels import IMAGES_AT_ONCE, asked_images, pixel_gradients
from vqax.explain.region_occlusion import filled
from vqax.explain.state import left_as_found

STEPS = 50


def integrated_gradients(
    model: nn.Module,
    visual: Float[Tensor, "p 3 y x"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    *,
    image_of: Int[Tensor, "b"] | None = None,
    colour: tuple[float, float, float] = GREY,
    steps: int = STEPS,
    images_at_once: int = IMAGES_AT_ONCE,
) -> Float[Tensor, "b y x"]:
    """From an image of one ``colour``; the other arguments are those of ``pixel_gradients``.

    Raises:
        UsageError: as ``pixel_gradients``.
    """
    which = asked_images(image_of, len(visual), tokens)
    visual = visual.detach()
    start = visual.new_tensor(colour)[:, None, None]
    way = visual - start
    mean = torch.zeros_like(visual[which])
    for place, weight in _nodes(steps):
        mean += weight * pixel_gradients(
            model, start + place * way, tokens, answer, grid,
            image_of=which, images_at_once=images_at_once,
        ).gradients  # fmt: skip
    return (way[which] * mean).sum(dim=1)


def region_integrated_gradients(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    *,
    fill: str = "zero",
    steps: int = STEPS,
) -> Float[Tensor, "b h w"]:
    """From cells that are all zero, or by ``fill`` all the mean of their image's; boxes stay.

    Raises:
        UsageError: no gradient reaches the cells, the grid has not as many cells as the model
            saw, or fill is not in ``FILLS``.
    """
    check_grid(visual.shape[1], grid)
    visual = visual.detach()
    start = filled(model, visual, fill)
    way, mean = visual - start, torch.zeros_like(visual)
    with left_as_found(model):
        for place, weight in _nodes(steps):
            cells = (start + place * way).requires_grad_()
            score = logit_of(model(cells, tokens).logits, answer)
            mean += weight * gradient_at(cells, score, model)
    return as_grid((way * mean).sum(dim=2), grid)


def _nodes(steps: int) -> Iterator[tuple[float, float]]:
    """Places in (0, 1) and their weights, which sum to 1."""
    places, weights = np.polynomial.legendre.leggauss(steps)
    return zip(((1 + places) / 2).tolist(), (weights / 2).tolist(), strict=True)
