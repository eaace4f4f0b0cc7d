"""Occlusion of an image by 16 by 16 grey patches, for one and for four questions, against captum.

From an image of 224 px: EfficientNet-Lite0, and models with the sizes of params.yaml. captum
explains each question by itself: one patch at a time, which is its default, or several
(``perturbations_per_eval``). A last line computes all of every hidden image, so that the gain
from sharing shows by itself. The ways take turns, so that a busy machine slows all of them alike.
Name models as arguments to time those only.
"""

import statistics
import sys
import time
from collections.abc import Callable

import torch
from captum.attr import Occlusion
from torch import Tensor, nn

from vqax.explain import PixelModel
from vqax.explain.occlusion import GREY, occluded
from vqax.explain.patched_tensor import dense
from vqax.models import MODELS
from vqax.vision import build_extractor

ROUNDS, GRID, PATCHES, PATCH_PX = 3, (14, 14), (16, 16), 14
SIZES = {"words": 200, "answers": 120, "visual_dim": 112, "word_dim": 50, "hidden": 256}
OF_MODEL = {
    "lstm_qi": {"fused": 256},
    "mcb": {"attention_sketch": 512, "attention_hidden": 128, "sketch": 1024, "glimpses": 1},
}


class Whole(nn.Module):
    """An image encoder that computes all of an image, whatever it is given."""

    def __init__(self, image_encoder: nn.Module) -> None:
        super().__init__()
        self.image_encoder = image_encoder

    def forward(self, images: Tensor) -> Tensor:
        return self.image_encoder(dense(images))


def ways(name: str, questions: int) -> dict[str, Callable[[], Tensor]]:
    torch.manual_seed(0)
    image_encoder = build_extractor("efficientnet_lite0")
    model = MODELS[name](**SIZES, **OF_MODEL[name]).eval()
    image = torch.rand(1, 3, 224, 224) * 255
    tokens = torch.randint(2, SIZES["words"], (questions, 14))
    answer = torch.arange(questions) % SIZES["answers"]
    which = torch.zeros(questions, dtype=torch.int64)
    grey = torch.tensor(GREY)[None, :, None, None].expand_as(image)
    pixel_model, whole = PixelModel(image_encoder, model), PixelModel(Whole(image_encoder), model)
    peer = Occlusion(lambda seen, asked: pixel_model(seen, asked).logits.softmax(1))

    def vqax(loaded: nn.Module) -> Tensor:
        return occluded(loaded, image, tokens, answer, GRID, image_of=which).drops

    def captum(at_once: int) -> Tensor:
        rows = [
            peer.attribute(
                image,
                (3, PATCH_PX, PATCH_PX),
                (3, PATCH_PX, PATCH_PX),
                baselines=grey,
                target=int(answer[i]),
                additional_forward_args=tokens[i : i + 1],
                perturbations_per_eval=at_once,
            )
            for i in range(questions)
        ]
        return torch.cat(rows)[:, 0, ::PATCH_PX, ::PATCH_PX]

    return {
        "vqax": lambda: vqax(pixel_model),
        "captum": lambda: captum(1),
        "captum, 8 patches at once": lambda: captum(8),
        "vqax, image encoder of whole images": lambda: vqax(whole),
    }


def compare(title: str, ways: dict[str, Callable[[], Tensor]]) -> None:
    rows: list[dict[str, float]] = []
    maps: dict[str, Tensor] = {}
    for _ in range(ROUNDS):
        rows.append({})
        for name, way in ways.items():
            start = time.process_time()
            maps[name] = way()
            rows[-1][name] = time.process_time() - start
    print(title)
    for name, found in maps.items():
        seconds = statistics.median(row[name] for row in rows)
        ratio = statistics.median(row[name] / row["vqax"] for row in rows)
        apart = ((found - maps["vqax"]).abs().max() / maps["vqax"].abs().max()).item()
        print(f"  {name:32s} {1e3 * seconds:8.1f} ms  {ratio:5.2f} x vqax  differs by {apart:.0e}")


def main() -> None:
    for name in sys.argv[1:] or OF_MODEL:
        for questions in (1, 4):
            compare(f"{name}, {questions} question(s) on one image", ways(name, questions))


if __name__ == "__main__":
    main()
