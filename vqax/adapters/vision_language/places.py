"""Where each image token lies in the image, whatever tiles, padding or aspect the processor made.

Nothing of a processor's arithmetic is repeated here. It is given an image whose colours are
coordinates, and what arrives in each view says where the view comes from. Compared with a black
and a white image the values are free of its normalisation, and what does not differ is padding.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vqax.adapters.vision_language.families import Family
from vqax.adapters.vision_language.image_tokens import processed
from vqax.errors import BadData
from vqax.vision.rasterise import rasterise

EDGE = 4
"""One in so many pixels of a view, at each end, is left out: resizing bends colours there."""


def token_boxes(
    network: Any, processor: Any, family: Family, size_px: tuple[int, int], tokens: int
) -> Float[Tensor, "l 4"]:
    """x1, y1, x2, y2 of each token as fractions of an image of ``size_px`` (rows, columns).

    A token of padding lies outside of [0, 1]; one without a place has NaN.

    Raises:
        BadData: the processor and the network do not make the same number of tokens.
    """
    inputs, views, padding = _coordinates(processor, family, size_px)
    rows, columns = family.grid(network, inputs, tokens)
    boxes = torch.stack([_boxes(*view, rows, columns) for view in zip(views, padding, strict=True)])
    placed = family.order(network, inputs, boxes)
    if len(placed) != tokens:
        raise BadData(
            f"{type(network).__name__}: {tokens} image tokens, but the processor makes places for "
            f"{len(placed)}; load the processor that belongs to the network"
        )
    return placed


def spread(
    maps: Float[Tensor, "b l"], boxes: Float[Tensor, "l 4"], size_px: tuple[int, int]
) -> Float[Tensor, "b y x"]:
    """Values of tokens on the pixels (rows, columns): each is spread evenly over its box.

    A map keeps its sum, but for tokens without a place in the image. Where several views show a
    pixel its values add up.
    """
    inside = boxes.clamp(0, 1)
    there = (inside[:, 2] > inside[:, 0]) & (inside[:, 3] > inside[:, 1])  # false where NaN
    placed = boxes[there].to(maps.device).expand(len(maps), -1, -1)
    return rasterise(maps[:, there], placed, size_px)


def _coordinates(
    processor: Any, family: Family, size_px: tuple[int, int]
) -> tuple[Any, Float[Tensor, "v 2 y x"], Bool[Tensor, "v y x"]]:
    """The inputs, x and y of the pixels of each view in fractions of the image, and its padding."""
    y, x = size_px
    columns = ((torch.arange(x) + 0.5) / x).expand(y, x)
    rows = ((torch.arange(y) + 0.5) / y)[:, None].expand(y, x)
    made = []
    for image in (torch.stack([columns, rows, torch.ones(y, x)]), torch.zeros(3, y, x), None):
        given = torch.ones(3, y, x) if image is None else image
        inputs = processed(processor, family, 255 * given[None])
        made.append(family.views(processor, inputs))
    ramp, black, white = made
    height = white - black
    padding = height.abs().amax(1) < height.abs().amax() / 2
    share = (ramp - black)[:, :2] / torch.where(padding[:, None], 1.0, height[:, :2])
    return inputs, share, padding


def _boxes(
    share: Float[Tensor, "2 y x"], padding: Bool[Tensor, "y x"], rows: int, columns: int
) -> Float[Tensor, "r c 4"]:
    """Boxes of the tokens of one view."""
    x = _edges(share[0], padding, columns)
    y = _edges(share[1].T, padding.T, rows)
    left, top = x[:-1].expand(rows, -1), y[:-1, None].expand(-1, columns)
    right, bottom = x[1:].expand(rows, -1), y[1:, None].expand(-1, columns)
    return torch.stack([left, top, right, bottom], dim=2)


def _edges(
    share: Float[Tensor, "m n"], padding: Bool[Tensor, "m n"], parts: int
) -> Float[Tensor, "edges"]:
    """Where ``parts`` equal parts of the columns begin and end in the image.

    A view is a resized part of the image, so its coordinates lie on a line.
    """
    real = (~padding).sum(0)
    columns = (real > 0).nonzero()[:, 0]
    if len(columns) < 2:
        return share.new_full((parts + 1,), torch.nan)
    cut = len(columns) // EDGE
    inner = columns[cut : len(columns) - cut] if len(columns) - 2 * cut > 1 else columns
    values = (share * ~padding).sum(0)[inner] / real[inner]
    slope = (values[-1] - values[0]) / (inner[-1] - inner[0])
    begin = values[0] - slope * (inner[0] + 0.5)
    return begin + slope * torch.linspace(0, share.shape[1], parts + 1)
