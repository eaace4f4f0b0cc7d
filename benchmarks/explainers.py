"""Grad-CAM and guided backpropagation of 64 questions on 16 pictures, against loops and captum.

From pictures of 224 px: EfficientNet-Lite0 without trained weights (its time does not depend on
them) and MCB with the sizes of params.yaml. Loops of Grad-CAM, one question at a time from its
picture, are three: the textbook's, with a hook at the cells and ``backward()`` through a network
whose weights want gradients, as after training; captum's ``LayerGradCam``, which goes back to the
cells only; and vqax itself. All run the trunk for each question. captum explains a layer of one
network from pictures to answers, so its batch call is given each question's own copy of the
picture; a second line gives it the cells instead. The ways take turns, so that a busy machine slows
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
from vqax.vision.trunks import fold

ROUNDS, PICTURES, QUESTIONS, GRID, AT_ONCE = 5, 16, 64, (14, 14), 4
SIZES = {"words": 200, "answers": 120, "visual_dim": 112, "word_dim": 50, "hidden": 256}
SKETCHES = {"attention_sketch": 512, "attention_hidden": 128, "sketch": 1024, "glimpses": 1}


class OfCells(nn.Module):
    """captum's view of a model: cells as channels first, through a layer that it can hook."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.layer, self.model = nn.Identity(), model

    def forward(self, cells: Tensor, tokens: Tensor) -> Tensor:
        return self.model(self.layer(cells).transpose(1, 2), tokens).logits


class OfPictures(nn.Module):
    """captum's view of trunk and model."""

    def __init__(self, trunk: nn.Module, model: nn.Module) -> None:
        super().__init__()
        self.trunk, self.top = trunk, OfCells(model)

    def forward(self, pictures: Tensor, tokens: Tensor) -> Tensor:
        return self.top(self.trunk(pictures).transpose(1, 2), tokens)


def extractor() -> GridExtractor:
    spec = GRIDS["efficientnet_lite0"]
    trunk = spec.trunk(224).eval()
    fold(trunk)
    return GridExtractor("lite0", spec, trunk, input_px=224, weight_hash="untrained")


def grad_cams() -> dict[str, Callable[[], Tensor]]:
    trunk, model, pictures, tokens, answer, which = subject()
    peer = OfPictures(trunk, model)
    learning = OfPictures(deepcopy(trunk), deepcopy(model)).requires_grad_()
    from_pictures = LayerGradCam(peer, peer.top.layer)
    from_cells = LayerGradCam(peer.top, peer.top.layer)
    explain = EXPLAINERS["grad_cam"]

    def cells(of: Tensor) -> Tensor:
        """A few pictures at a time, whose maps stay in the cache of the processor."""
        with torch.no_grad():
            return torch.cat([trunk(few) for few in of.split(AT_ONCE)])

    def batch() -> Tensor:
        return explain(model, cells(pictures)[which], tokens, answer, GRID)

    def one(i: int) -> Tensor:
        own = slice(i, i + 1)
        return explain(model, cells(pictures[which[own]]), tokens[own], answer[own], GRID)

    def textbook(i: int) -> Tensor:
        """Forward with a hook, backward from one logit, mean of the gradients, weighted sum."""
        kept: list[Tensor] = []
        own = slice(i, i + 1)
        with learning.top.layer.register_forward_hook(lambda *passed: kept.append(passed[2])):
            logits = learning(pictures[which[own]], tokens[own])
        kept[0].retain_grad()
        logits[0, answer[i]].backward()
        found = (kept[0].grad.mean(2, keepdim=True) * kept[0]).sum(1).detach()
        learning.zero_grad()
        return found.view(-1, *GRID)

    def captum_of_one(i: int) -> Tensor:
        own = slice(i, i + 1)
        found = from_pictures.attribute(
            pictures[which[own]], target=answer[own], additional_forward_args=tokens[own]
        )
        return found.detach().view(-1, *GRID)

    def captum() -> Tensor:
        found = from_pictures.attribute(
            pictures[which], target=answer, additional_forward_args=tokens
        )
        return found.detach().view(-1, *GRID)

    def captum_of_cells() -> Tensor:
        given = cells(pictures)[which].transpose(1, 2)
        found = from_cells.attribute(given, target=answer, additional_forward_args=tokens)
        return found.detach().view(-1, *GRID)

    return {
        "vqax": batch,
        "loop, hook and backward()": lambda: torch.cat([textbook(i) for i in range(QUESTIONS)]),
        "loop, captum": lambda: torch.cat([captum_of_one(i) for i in range(QUESTIONS)]),
        "loop, vqax": lambda: torch.cat([one(i) for i in range(QUESTIONS)]),
        "captum, batch of pictures": captum,
        "captum, batch of cells": captum_of_cells,
    }


def guided() -> dict[str, Callable[[], Tensor]]:
    """Fewer questions, because each costs a backward pass through the trunk."""
    trunk, model, pictures, tokens, answer, which = subject(pictures=4, questions=16)
    pixel_model = PixelModel(trunk, model)
    peer, explain = GuidedBackprop(OfPictures(trunk, model)), EXPLAINERS["guided_backprop"]

    def batch() -> Tensor:
        return explain(pixel_model, pictures, tokens, answer, GRID, picture_of=which)

    def one(i: int) -> Tensor:
        own = slice(i, i + 1)
        return explain(pixel_model, pictures[which[own]], tokens[own], answer[own], GRID)

    def captum() -> Tensor:
        given = pictures[which].clone().requires_grad_()
        return peer.attribute(given, target=answer, additional_forward_args=tokens).abs().sum(1)

    return {
        "vqax": batch,
        "loop over the questions": lambda: torch.cat([one(i) for i in range(len(tokens))]),
        "captum, ReLU6 as true gradient": captum,
    }


def subject(
    pictures: int = PICTURES, questions: int = QUESTIONS
) -> tuple[nn.Module, nn.Module, Tensor, Tensor, Tensor, Tensor]:
    """Trunk, model, pictures, tokens, answers, and the picture of each question."""
    torch.manual_seed(0)
    model = MODELS["mcb"](**SIZES, **SKETCHES, variance="scalar").eval()
    given = torch.rand(pictures, 3, 224, 224) * 255
    tokens = torch.randint(2, SIZES["words"], (questions, 14))
    answer = torch.arange(questions) % SIZES["answers"]
    return extractor(), model, given, tokens, answer, torch.arange(questions) % pictures


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
    compare("Grad-CAM, 64 questions on 16 pictures", grad_cams())
    compare("Guided backpropagation, 16 questions on 4 pictures", guided())


if __name__ == "__main__":
    main()
