"""Hide one patch of the image after the other: occlusion (Zeiler and Fergus 2014; Interp, 3.2).

Interp (Goyal et al. 2016) divides the image into 16 by 16 cells, hides each behind a grey patch
and computes "the decrease in the probability of the original predicted answer".
The features of a hidden image do not depend on the question, so all questions about an image
share them; and they differ from those of the image in a window only (``PatchedTensor``).
"""

from collections.abc import Iterator
from math import ceil, isqrt

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.explain.answers import check_answers
from vqax.explain.occlusion_effect import OcclusionEffect, score_of
from vqax.explain.patched_maps import PatchedMaps, ReferenceMaps
from vqax.explain.patched_tensor import PatchedTensor
from vqax.explain.pixels import asked_images, cells_of, pixel_model
from vqax.explain.state import left_as_found
from vqax.models.order import top_answer

GREY = (123.68, 116.779, 103.939)
"""The mean colour of ImageNet in 0..255, footnote 2 of Interp."""
AT_ONCE = 32


def occlusion(
    model: nn.Module,
    visual: Float[Tensor, "p 3 y x"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    *,
    image_of: Int[Tensor, "b"] | None = None,
    patches: tuple[int, int] = (16, 16),
    colour: tuple[float, float, float] = GREY,
    score: str = "probability",
    at_once: int = AT_ONCE,
) -> Float[Tensor, "b y x"]:
    """The drop of each patch (``occluded``) at all of its pixels.

    Raises:
        UsageError: as ``occluded``.
    """
    found = occluded(
        model, visual, tokens, answer, grid,
        image_of=image_of, patches=patches, colour=colour, score=score, at_once=at_once,
    )  # fmt: skip
    sizes = [edges.diff() for edges in _edges(visual, patches)]
    tall = found.drops.repeat_interleave(sizes[0], dim=1)
    return tall.repeat_interleave(sizes[1], dim=2)


def occluded(
    model: nn.Module,
    visual: Float[Tensor, "p 3 y x"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    *,
    image_of: Int[Tensor, "b"] | None = None,
    patches: tuple[int, int] = (16, 16),
    colour: tuple[float, float, float] = GREY,
    score: str = "probability",
    at_once: int = AT_ONCE,
) -> OcclusionEffect:
    """OcclusionEffect (b,r,c) of the answer when the patch in row r and column c has one
    ``colour``.

    ``patches`` are rows and columns of patches, from pixel ⌊i·y/r⌋ up to ⌊(i+1)·y/r⌋;
    ``image_of`` says which of the p images a question is about, by default its own.
    ``at_once`` images with a patch are computed together; results differ by rounding only.

    Raises:
        UsageError: the model is no ``PixelModel``, a question has no image, the grid does not
            fit, there are more patches than pixels, or the score is not one of ``SCORES``.
    """
    check_answers(answer, len(tokens))
    model, which = pixel_model(model), asked_images(image_of, len(visual), tokens)
    edges = _edges(visual, patches)
    after = visual.new_zeros(len(tokens), *patches)
    answers = answer.new_zeros(len(tokens), *patches)
    before, predicted = visual.new_zeros(len(tokens)), torch.zeros_like(answer)
    with left_as_found(model), torch.no_grad():
        for image in which.unique().tolist():
            rows = (which == image).nonzero()[:, 0]
            whole = visual[image : image + 1]
            reference = ReferenceMaps(whole.clone(memory_format=torch.channels_last))
            cells = cells_of(model, whole, grid)[[0] * len(rows)]
            logits = model.model(cells, tokens[rows]).logits
            before[rows] = score_of(logits, answer[rows], score)
            predicted[rows] = logits.argmax(1)
            for r, c in _tiles(patches, at_once):
                cells = cells_of(model, _hidden(reference, edges, r, c, colour), grid)
                for row in rows.tolist():
                    logits = model.model(cells, tokens[row].expand(len(r), -1)).logits
                    after[row, r, c] = score_of(logits, answer[row].expand(len(r)), score)
                    answers[row, r, c] = top_answer(logits, predicted[row].expand(len(r)))
    hidden = torch.ones_like(answers, dtype=torch.bool)
    return OcclusionEffect(before[:, None, None] - after, answers, predicted, hidden)


def _edges(
    visual: Float[Tensor, "p 3 y x"], patches: tuple[int, int]
) -> tuple[Int[Tensor, "r"], Int[Tensor, "c"]]:
    """Where patches begin and end, in pixels."""
    size = tuple(visual.shape[2:])
    if not all(1 <= parts <= extent for parts, extent in zip(patches, size, strict=True)):
        raise UsageError(
            f"patches: {patches[0]} by {patches[1]} do not fit an image of {size[0]} by {size[1]} "
            "px; choose from 1 to as many rows and columns as it has pixels"
        )
    rows, columns = (
        torch.arange(parts + 1, device=visual.device) * extent // parts
        for parts, extent in zip(patches, size, strict=True)
    )
    return rows, columns


def _tiles(
    patches: tuple[int, int], at_once: int
) -> Iterator[tuple[Int[Tensor, "n"], Int[Tensor, "n"]]]:
    """Rows and columns of neighbours: their windows meet the border together and stay small."""
    rows, columns = patches
    height = ceil(rows / ceil(rows / isqrt(at_once)))
    width = at_once // height
    for above in range(0, rows, height):
        for before in range(0, columns, width):
            tile = torch.cartesian_prod(
                torch.arange(above, min(above + height, rows)),
                torch.arange(before, min(before + width, columns)),
            )
            yield tile[:, 0], tile[:, 1]


def _hidden(
    reference: ReferenceMaps,
    edges: tuple[Int[Tensor, "r"], Int[Tensor, "c"]],
    r: Int[Tensor, "n"],
    c: Int[Tensor, "n"],
    colour: tuple[float, float, float],
) -> PatchedTensor:
    """The image once for each patch, which has one colour there."""
    image, starts, pixels, inside = reference.values, [], [], []
    for axis, part in enumerate((r, c)):
        begin, end = edges[axis][part], edges[axis][part + 1]
        size = int((end - begin).max())
        start = begin.clamp(max=image.shape[2 + axis] - size)
        at = start[:, None] + torch.arange(size, device=image.device)
        starts.append(start)
        pixels.append(at)
        inside.append((at >= begin[:, None]) & (at < end[:, None]))
    patch = (inside[0][:, :, None] & inside[1][:, None, :])[:, None]
    inner = image[0][:, pixels[0][:, :, None], pixels[1][:, None, :]].transpose(0, 1)
    grey = image.new_tensor(colour)[:, None, None]
    return PatchedTensor(
        PatchedMaps(reference, torch.where(patch, grey, inner), (starts[0], starts[1]))
    )
