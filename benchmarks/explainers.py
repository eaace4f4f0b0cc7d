"""Grad-CAM and guided backpropagation of 64 questions on 16 images, against loops and captum.

From images of 224 px: EfficientNet-Lite0 without trained weights (its time does not depend on
them) and MCB with the sizes of params.yaml. Loops of Grad-CAM, one question at a time from its
image, are three: the textbook's, with a hook at the cells and ``backward()`` through a network
whose weights want gradients, as after training; captum's ``LayerGradCam``, which goes back to the
cells only; and vqax itself. All run the image encoder for each question. captum explains a layer of
one network from images to answers, so its batch call is given each question's own copy of the
image; a second line gives it the cells instead. The ways take turns, so that a busy machine slows
all of them alike.
"""

import statistics
import time
import warnings
from collections.abc import Callable
from copy import deepcopy

import torch
from captum.attr import GuidedBackprop, LayerGradCam
from torch import Tensor, nn

from vqax.explain import EXPLAINERS, PixelModel
from vqax.models import MODELS
from vqax.vision import GRIDS, GridExtractor
from vqax.vision.image_encoders import fold

ROUNDS, IMAGES, QUESTIONS, GRID, AT_ONCE = 5, 16, 64, (14, 14), 4
SIZES = {"words": 200, "answers": 120, "visual_dim": 112, "word_dim": 50, "hidden": 256}
SKETCHES = {"attention_sketch": 512, "attention_hidden": 128, "sketch": 1024, "glimpses": 1}


class OfCells(nn.Module):
    """captum's view of a model: cells as channels first, through a layer that it can hook."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.layer, self.model = nn.Identity(), model

    def forward(self, cells: Tensor, tokens: Tensor) -> Tensor:
        return self.model(self.layer(cells).transpose(1, 2), tokens).logits


class OfImages(nn.Module):
    """captum's view of image encoder and model."""

    def __init__(self, image_encoder: nn.Module, model: nn.Module) -> None:
        super().__init__()
        self.image_encoder, self.top = image_encoder, OfCells(model)

    def forward(self, images: Tensor, tokens: Tensor) -> Tensor:
        return self.top(self.image_encoder(images).transpose(1, 2), tokens)


def extractor() -> GridExtractor:
    spec = GRIDS["efficientnet_lite0"]
    image_encoder = spec.image_encoder(224).eval()
    fold(image_encoder)
    return GridExtractor("lite0", spec, image_encoder, input_px=224, weight_hash="untrained")


def grad_cams() -> dict[str, Callable[[], Tensor]]:
    image_encoder, model, images, tokens, answer, which = loaded()
    peer = OfImages(image_encoder, model)
    learning = OfImages(deepcopy(image_encoder), deepcopy(model)).requires_grad_()
    from_images = LayerGradCam(peer, peer.top.layer)
    from_cells = LayerGradCam(peer.top, peer.top.layer)
    explain = EXPLAINERS["grad_cam"]

    def cells(of: Tensor) -> Tensor:
        """A few images at a time, whose maps stay in the cache of the processor."""
        with torch.no_grad():
            return torch.cat([image_encoder(few) for few in of.split(AT_ONCE)])

    def batch() -> Tensor:
        return explain(model, cells(images)[which], tokens, answer, GRID)

    def one(i: int) -> Tensor:
        own = slice(i, i + 1)
        return explain(model, cells(images[which[own]]), tokens[own], answer[own], GRID)

    def textbook(i: int) -> Tensor:
        """Forward with a hook, backward from one logit, mean of the gradients, weighted sum."""
        kept: list[Tensor] = []
        own = slice(i, i + 1)
        with learning.top.layer.register_forward_hook(lambda *passed: kept.append(passed[2])):
            logits = learning(images[which[own]], tokens[own])
        kept[0].retain_grad()
        logits[0, answer[i]].backward()
        found = (kept[0].grad.mean(2, keepdim=True) * kept[0]).sum(1).detach()
        learning.zero_grad()
        return found.view(-1, *GRID)

    def captum_of_one(i: int) -> Tensor:
        own = slice(i, i + 1)
        found = from_images.attribute(
            images[which[own]], target=answer[own], additional_forward_args=tokens[own]
        )
        return found.detach().view(-1, *GRID)

    def captum() -> Tensor:
        found = from_images.attribute(images[which], target=answer, additional_forward_args=tokens)
        return found.detach().view(-1, *GRID)

    def captum_of_cells() -> Tensor:
        given = cells(images)[which].transpose(1, 2)
        found = from_cells.attribute(given, target=answer, additional_forward_args=tokens)
        return found.detach().view(-1, *GRID)

    return {
        "vqax": batch,
        "loop, hook and backward()": lambda: torch.cat([textbook(i) for i in range(QUESTIONS)]),
        "loop, captum": lambda: torch.cat([captum_of_one(i) for i in range(QUESTIONS)]),
        "loop, vqax": lambda: torch.cat([one(i) for i in range(QUESTIONS)]),
        "captum, batch of images": captum,
        "captum, batch of cells": captum_of_cells,
    }


def guided() -> dict[str, Callable[[], Tensor]]:
    """Fewer questions, because each costs a backward pass through the image encoder."""
    image_encoder, model, images, tokens, answer, which = loaded(images=4, questions=16)
    pixel_model = PixelModel(image_encoder, model)
    peer, explain = GuidedBackprop(OfImages(image_encoder, model)), EXPLAINERS["guided_backprop"]

    def batch() -> Tensor:
        return explain(pixel_model, images, tokens, answer, GRID, image_of=which)

    def one(i: int) -> Tensor:
        own = slice(i, i + 1)
        return explain(pixel_model, images[which[own]], tokens[own], answer[own], GRID)

    def captum() -> Tensor:
        given = images[which].clone().requires_grad_()
        return peer.attribute(given, target=answer, additional_forward_args=tokens).abs().sum(1)

    return {
        "vqax": batch,
        "loop over the questions": lambda: torch.cat([one(i) for i in range(len(tokens))]),
        "captum, ReLU6 as true gradient": captum,
    }


def loaded(
    images: int = IMAGES, questions: int = QUESTIONS
) -> tuple[nn.Module, nn.Module, Tensor, Tensor, Tensor, Tensor]:
    """Image encoder, model, images, tokens, answers, and the image of each question."""
    torch.manual_seed(0)
    model = MODELS["mcb"](**SIZES, **SKETCHES, variance="scalar").eval()
    given = torch.rand(images, 3, 224, 224) * 255
    tokens = torch.randint(2, SIZES["words"], (questions, 14))
    answer = torch.arange(questions) % SIZES["answers"]
    return extractor(), model, given, tokens, answer, torch.arange(questions) % images


def compare(title: str, ways: dict[str, Callable[[], Tensor]]) -> None:
    rows: list[dict[str, float]] = []
    maps: dict[str, Tensor] = {}
    for _ in range(ROUNDS + 1):
        rows.append({})
        for name, way in ways.items():
            start = time.process_time()
            maps[name] = way()
            rows[-1][name] = time.process_time() - start
    print(title)
    for name, found in maps.items():
        seconds = statistics.median(row[name] for row in rows[1:])
        ratio = statistics.median(row[name] / row["vqax"] for row in rows[1:])
        apart = ((found - maps["vqax"]).abs().max() / maps["vqax"].abs().max()).item()
        print(f"  {name:32s} {1e3 * seconds:8.1f} ms  {ratio:5.2f} x vqax  differs by {apart:.0e}")


def main() -> None:
    warnings.filterwarnings("ignore", message="Setting backward hooks")
    compare("Grad-CAM, 64 questions on 16 images", grad_cams())
    compare("Guided backpropagation, 16 questions on 4 images", guided())


if __name__ == "__main__":
    main()
