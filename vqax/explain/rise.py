"""RISE: random masks, weighted by what the model still answers (Petsiuk, Das and Saenko 2018).

S = 1 / (N p) Σ_i f(I ⊙ M_i) M_i with f the probability of the answer, N masks, p = ``keep`` the
share that a mask lets through. A mask is a grid of s by s ones and zeros, enlarged bilinearly to
(s + 1) ⌈y/s⌉ by (s + 1) ⌈x/s⌉ and cropped to (y,x) at a random place. Only answers are needed.
Masks are made a few at a time from their grids, of s² bits each.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from vqax.explain.answers import check_answers
from vqax.explain.grid import check_grid
from vqax.explain.occlusion import GREY
from vqax.explain.occlusion_effect import score_of
from vqax.explain.pixels import IMAGES_AT_ONCE, asked_images, cells_of, pixel_model
from vqax.explain.region_occlusion import filled
from vqax.explain.state import left_as_found
from vqax.learning.sampling import GOLDEN

ROWS_AT_ONCE = 64


class Grids(NamedTuple):
    """What random masks are made from: which cells let through, and by how much to shift."""

    open: Bool[Tensor, "n s s"]
    shift: Int[Tensor, "n 2"]


def draw_grids(count: int, size: tuple[int, int], *, cells: int, keep: float, key: int) -> Grids:
    """Grids of ``count`` masks of ``size``, the same for the same ``key``."""
    source = torch.Generator().manual_seed(key % 2**32)
    passes = torch.rand(count, cells, cells, generator=source) < keep
    y, x = (torch.randint(_cell(extent, cells), (count,), generator=source) for extent in size)
    return Grids(passes, torch.stack([y, x], dim=1))


def masks_of(grids: Grids, size: tuple[int, int]) -> Float[Tensor, "n y x"]:
    """Masks in [0, 1], of mean ``keep``: each axis of a grid enlarged, shifted and cropped."""
    s, shift = grids.open.shape[1], grids.shift
    tall, wide = (
        _enlargement(s, extent)[shift[:, axis, None] + torch.arange(extent)]
        for axis, extent in enumerate(size)
    )
    return tall @ grids.open.to(tall.dtype) @ wide.transpose(1, 2)


def _cell(extent: int, cells: int) -> int:
    return -(-extent // cells)


def _enlargement(cells: int, extent: int) -> Float[Tensor, "u s"]:
    """Bilinear weights of s cells at each of (s + 1) ⌈extent/s⌉ places; centre to centre."""
    count = (cells + 1) * _cell(extent, cells)
    at = ((torch.arange(count) + 0.5) * cells / count - 0.5).clamp(0, cells - 1)
    return (1 - (at[:, None] - torch.arange(cells)).abs()).clamp(min=0)


def rise(
    model: nn.Module,
    visual: Float[Tensor, "p 3 y x"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    *,
    image_of: Int[Tensor, "b"] | None = None,
    image_ids: Int[Tensor, "p"] | None = None,
    masks: int = 1000,
    cells: int = 8,
    keep: float = 0.5,
    colour: tuple[float, float, float] = GREY,
    seed: int = 0,
    at_once: int = IMAGES_AT_ONCE,
) -> Float[Tensor, "b y x"]:
    """S at the pixels, at least 0; what a mask keeps out shows ``colour``.

    Masks are keyed by (``seed``, image id) and shared by the questions about an image, which
    the image encoder sees once for each mask; without ids all images have the same masks.

    Raises:
        UsageError: the model is no ``PixelModel``, a question has no image, or the grid does
            not fit.
    """
    check_answers(answer, len(tokens))
    model, which = pixel_model(model), asked_images(image_of, len(visual), tokens)
    size, grey = (visual.shape[2], visual.shape[3]), visual.new_tensor(colour)[:, None, None]
    maps = visual.new_zeros(len(tokens), *size)
    with left_as_found(model), torch.no_grad():
        for image in which.unique().tolist():
            rows = (which == image).nonzero()[:, 0].tolist()
            grids = draw_grids(
                masks, size, cells=cells, keep=keep, key=_key(seed, image_ids, image)
            )
            for some in _few(grids, size, at_once, visual):
                shown = grey + some[:, None] * (visual[image] - grey)
                features = cells_of(model, shown, grid)
                for row in rows:
                    maps[row] += _weighted(model.model, features, tokens[row], answer[row], some)
    return maps / (masks * keep)


def region_rise(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    *,
    image_ids: Int[Tensor, "b"] | None = None,
    masks: int = 1000,
    cells: int = 8,
    keep: float = 0.5,
    fill: str = "zero",
    seed: int = 0,
    at_once: int = ROWS_AT_ONCE,
) -> Float[Tensor, "b h w"]:
    """S at the cells, at least 0; what a mask keeps out of a cell is made up by ``fill``.

    Regions, a grid of one row, stand beside each other in a list only: each is let through or kept
    out by itself, and ``cells`` is not looked at.

    Raises:
        UsageError: the grid has not as many cells as the model saw, or fill is not in ``FILLS``.
    """
    check_grid(visual.shape[1], grid)
    check_answers(answer, len(tokens))
    blank = filled(model, visual, fill)
    maps = visual.new_zeros(len(tokens), *grid)
    with left_as_found(model), torch.no_grad():
        for row in range(len(tokens)):
            key = _key(seed, image_ids, row)
            if grid[0] == 1:
                drawn = _one_by_one(masks, grid[1], keep, key, at_once, visual)
            else:
                grids = draw_grids(masks, grid, cells=cells, keep=keep, key=key)
                drawn = _few(grids, grid, at_once, visual)
            for some in drawn:
                shown = blank[row] + some.flatten(1)[:, :, None] * (visual[row] - blank[row])
                maps[row] += _weighted(model, shown, tokens[row], answer[row], some)
    return maps / (masks * keep)


def _key(seed: int, image_ids: Int[Tensor, "p"] | None, image: int) -> int:
    return seed if image_ids is None else seed + int(image_ids[image]) * GOLDEN


def _few(
    grids: Grids, size: tuple[int, ...], at_once: int, like: Tensor
) -> Iterator[Float[Tensor, "n y x"]]:
    """The masks, never more than ``at_once`` of them."""
    for passes, shift in zip(*(part.split(at_once) for part in grids), strict=True):
        yield masks_of(Grids(passes, shift), (size[0], size[1])).to(like.device, like.dtype)


def _one_by_one(
    count: int, regions: int, keep: float, key: int, at_once: int, like: Tensor
) -> Iterator[Float[Tensor, "n 1 l"]]:
    """Masks of regions, never more than ``at_once`` of them."""
    source = torch.Generator().manual_seed(key % 2**32)
    passes = torch.rand(count, 1, regions, generator=source) < keep
    yield from (some.to(like.device, like.dtype) for some in passes.split(at_once))


def _weighted(
    model: nn.Module,
    features: Float[Tensor, "n *cells"],
    question: Int[Tensor, "t"],
    answer: Int[Tensor, ""],
    masks: Float[Tensor, "n y x"],
) -> Float[Tensor, "y x"]:
    """Σ_i f_i M_i."""
    n = len(masks)
    logits = model(features, question.expand(n, -1)).logits
    return torch.tensordot(score_of(logits, answer.expand(n), "probability"), masks, dims=1)
