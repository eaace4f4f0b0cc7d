"""What is hidden from a model, one unit at a time: pixels, patches, cells or regions, words."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from vqax.errors import UsageError
from vqax.evaluation.baselines import cell_baseline, image_baseline
from vqax.text.tokens import PAD_INDEX, UNKNOWN_INDEX

Score = Callable[[Tensor, Int[Tensor, "n"]], Float[Tensor, "n"]]
"""(inputs (n,...), question (n,)) -> how sure the model is of the answer explained."""


@dataclass(frozen=True)
class Units:
    """The u units of every input (b,...), and what stands in their place when they are hidden.

    ``spread`` makes of hidden units (n,u) what is hidden of an input, in a shape that broadcasts to
    (n,...). ``present`` says which units an input has: a short question has fewer words.
    """

    name: str
    inputs: Tensor
    baseline: Tensor
    spread: Callable[[Bool[Tensor, "n u"]], Tensor]
    present: Bool[Tensor, "b u"]

    def hidden(self, question: Int[Tensor, "n"], units: Bool[Tensor, "n u"]) -> Tensor:
        """Inputs (n,...) of questions without some of their units."""
        mask = self.spread(units & self.present[question])
        return torch.where(mask, self.baseline[question], self.inputs[question])

    @property
    def counts(self) -> Int[Tensor, "b"]:
        """How many units each input has."""
        return self.present.sum(dim=1)


def pixels(images: Float[Tensor, "b c y x"], baseline: str = "blur") -> Units:
    """Every pixel with all its channels; maps are (b,y,x)."""
    b, _, y, x = images.shape
    return Units(
        "pixels",
        images,
        image_baseline(images, baseline),
        lambda units: units.view(-1, 1, y, x),
        images.new_ones((b, y * x), dtype=torch.bool),
    )


def patches(
    images: Float[Tensor, "b c y x"], grid: tuple[int, int] = (14, 14), baseline: str = "blur"
) -> Units:
    """The parts of an r by c grid over each image: patch i covers pixels ⌊i·y/r⌋ to ⌊(i+1)·y/r⌋.

    Raises:
        UsageError: more patches than pixels along a side, or none.
    """
    (rows, columns), (b, _, y, x) = grid, images.shape
    if not (1 <= rows <= y and 1 <= columns <= x):
        raise UsageError(f"grid {rows}x{columns}: does not divide {y}x{x} px; give fewer patches")
    row_of, column_of = (_part_of(side, parts) for side, parts in ((y, rows), (x, columns)))

    def spread(units: Bool[Tensor, "n u"]) -> Bool[Tensor, "n 1 y x"]:
        return units.view(-1, rows, columns)[:, row_of][:, :, column_of][:, None]

    present = images.new_ones((b, rows * columns), dtype=torch.bool)
    return Units("patches", images, image_baseline(images, baseline), spread, present)


def cells(visual: Float[Tensor, "b l d"], baseline: str = "mean") -> Units:
    """The features of each grid cell or region; maps are (b,l) or (b,h,w)."""
    b, count, _ = visual.shape
    return Units(
        "cells",
        visual,
        cell_baseline(visual, baseline),
        lambda units: units[:, :, None],
        visual.new_ones((b, count), dtype=torch.bool),
    )


def words(tokens: Int[Tensor, "b t"]) -> Units:
    """The words of each question, an unknown one in the place of a hidden one; maps are (b,t)."""
    unknown = torch.full_like(tokens, UNKNOWN_INDEX)
    return Units("words", tokens, unknown, lambda units: units, tokens != PAD_INDEX)


def _part_of(side: int, parts: int) -> Int[Tensor, "side"]:
    """Which of the parts each pixel along a side is in."""
    edges = torch.arange(1, parts) * side // parts
    return torch.bucketize(torch.arange(side), edges, right=True)
