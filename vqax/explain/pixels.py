"""From cells to pixels: the image encoder under a model, and gradients that reach its images."""

from collections import Counter
from contextlib import nullcontext
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.explain.answers import check_answers
from vqax.explain.gradient import gradient_at
from vqax.explain.grid import check_grid
from vqax.explain.occlusion_effect import score_of
from vqax.explain.patched_tensor import dense
from vqax.explain.relu_rules import ReluRule
from vqax.explain.state import left_as_found
from vqax.models.forward import Forward

IMAGES_AT_ONCE = 8


class PixelModel(nn.Module):
    """A model of images: ``image_encoder`` makes the cells that ``model`` looks at.

    ``image_encoder`` takes float images (p,3,y,x) and returns cells (p,l,d); a ``GridExtractor``
    does, with RGB in 0..255. Features read from a feature file differ from these cells by their
    rounding. ``Forward.visual`` are the cells. Explainers of cells take ``model`` itself.
    """

    def __init__(self, image_encoder: nn.Module, model: nn.Module) -> None:
        super().__init__()
        self.image_encoder, self.model = image_encoder, model

    def forward(self, visual: Float[Tensor, "b 3 y x"], tokens: Int[Tensor, "b t"]) -> Forward:
        forward: Forward = self.model(self.image_encoder(visual), tokens)
        return forward


class PixelGradients(NamedTuple):
    """``gradients`` of each question at the pixels of its image; ``cells`` of its image."""

    gradients: Float[Tensor, "b 3 y x"]
    cells: Float[Tensor, "b l d"]


def pixel_gradients(
    model: nn.Module,
    images: Float[Tensor, "p 3 y x"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    *,
    rule: str | None = None,
    image_of: Int[Tensor, "b"] | None = None,
    images_at_once: int = IMAGES_AT_ONCE,
    score: str = "logit",
) -> PixelGradients:
    """∂y_answer/∂pixel, if named by a rule of ``ReluRule``; y is one of ``SCORES``.

    ``image_of`` says which of the p images a question is about; by default each has its own.
    The image encoder computes an image once however many questions there are about it, and keeps
    the graph of ``images_at_once`` images.

    Raises:
        UsageError: the model is no ``PixelModel``, a question has no image, the grid does not
            fit, the score is not known, or no gradient reaches the pixels.
    """
    check_answers(answer, len(tokens))
    model = pixel_model(model)
    which = asked_images(image_of, len(images), tokens)
    chunks, order = [], []
    with left_as_found(model):
        for chosen in _chunks(which, len(images), images_at_once):
            here = which[:, None] == chosen
            rows, places = here.nonzero(as_tuple=True)
            asked = tokens[rows], answer[rows], places
            chunks.append(_chunk(model, images[chosen], *asked, grid, rule, score))
            order.append(rows)
    place = torch.cat(order).argsort()
    return PixelGradients(*(torch.cat(parts)[place] for parts in zip(*chunks, strict=True)))


def pixel_model(model: nn.Module) -> PixelModel:
    """``model``; raises UsageError if it is not given images."""
    if not isinstance(model, PixelModel):
        raise UsageError(
            f"{type(model).__name__} is given cells, this explainer needs images; "
            "wrap it with its image encoder: vqax.explain.PixelModel(image_encoder, model)"
        )
    return model


def asked_images(
    image_of: Int[Tensor, "b"] | None, images: int, tokens: Int[Tensor, "b t"]
) -> Int[Tensor, "b"]:
    """The image of each question, by default its own; raises UsageError if it has none."""
    if image_of is None:
        image_of = torch.arange(len(tokens), device=tokens.device)
        if len(tokens) != images:
            raise UsageError(
                f"{len(tokens)} questions about {images} images; "
                "say with image_of which image each question is about"
            )
    if int(image_of.min()) < 0 or int(image_of.max()) >= images:
        raise UsageError(
            f"image_of: {image_of.tolist()} names an image that is not among {images}; "
            "count them from 0"
        )
    return image_of


def cells_of(
    model: PixelModel, images: Float[Tensor, "n 3 y x"], grid: tuple[int, int]
) -> Float[Tensor, "n *cells"]:
    """What ``model.model`` is given, computed where the images differ if they are
    ``PatchedTensor``.

    Of a black box that are the images themselves, and there is no grid to check.
    """
    cells = dense(model.image_encoder(images))
    if cells.dim() == 3:
        check_grid(cells.shape[1], grid)
    return cells


def below_pixels(
    model: nn.Module, visual: Float[Tensor, "b *cells"]
) -> tuple[nn.Module, Float[Tensor, "b *below"]]:
    """The model of cells and its cells, without gradient, for who hides or moves words only."""
    if not isinstance(model, PixelModel):
        return model, visual.detach()
    with torch.no_grad():
        return model.model, model.image_encoder(visual)


def _chunks(which: Int[Tensor, "b"], images: int, at_once: int) -> tuple[Tensor, ...]:
    """The images with questions, those with about as many together: they share the rounds."""
    questions = which.bincount(minlength=images)
    order = questions.argsort(descending=True, stable=True)
    return order[: int(questions.count_nonzero())].split(at_once)


def _chunk(
    model: PixelModel,
    images: Float[Tensor, "p 3 y x"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    which: Int[Tensor, "b"],
    grid: tuple[int, int],
    rule: str | None,
    score: str,
) -> PixelGradients:
    """All questions about a few images: one forward pass, one backward pass for each round."""
    pixels = images.detach().clone().requires_grad_()
    with ReluRule(rule) if rule else nullcontext():
        cells = cells_of(model, pixels, grid)
        visual = cells.detach()[which].requires_grad_()
        logits = model.model(visual, tokens).logits
    if not cells.requires_grad:
        raise UsageError(
            f"no gradient passes through {type(model.image_encoder).__name__} to the pixels; "
            "use an image encoder without detach or no_grad"
        )
    at_cells = gradient_at(visual, score_of(logits, answer, score), model.model)
    at_pixels = pixels.new_empty(len(which), *pixels.shape[1:])
    for rows in _rounds(which):
        arriving = torch.zeros_like(cells)
        arriving[which[rows]] = at_cells[rows]
        (gradient,) = torch.autograd.grad(cells, pixels, arriving, retain_graph=True)
        at_pixels[rows] = gradient[which[rows]]
    return PixelGradients(at_pixels, visual.detach())


def _rounds(which: Int[Tensor, "b"]) -> list[list[int]]:
    """The questions in groups that name no image twice: their gradients must not be added."""
    asked: Counter[int] = Counter()
    rounds: list[list[int]] = []
    for row, image in enumerate(which.tolist()):
        if asked[image] == len(rounds):
            rounds.append([])
        rounds[asked[image]].append(row)
        asked[image] += 1
    return rounds
