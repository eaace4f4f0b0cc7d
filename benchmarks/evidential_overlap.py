"""Grad-CAM maps with Dice at 20 thresholds, against a loop over single images with a hook."""

from time import perf_counter

import numpy as np
import torch
from torch.nn import functional

from vqax.evidential.cam import classifier_grad_cam, enlarge
from vqax.evidential.images import digits
from vqax.evidential.lenet import LeNet
from vqax.evidential.overlap import THRESHOLDS, object_masks, overlap

IMAGES, SINGLE = 3000, 200


def images(count: int) -> np.ndarray:
    """Digits, as often as needed."""
    pixels = digits().pixels
    return np.concatenate([pixels] * -(-count // len(pixels)))[:count]


def batched(model: LeNet, pixels: np.ndarray) -> np.ndarray:
    maps = enlarge(classifier_grad_cam(model, torch.from_numpy(pixels)), (28, 28)).numpy()
    return overlap(maps, object_masks(pixels)).dice


def one_by_one(model: LeNet, pixels: np.ndarray) -> np.ndarray:
    """What a notebook does: a hook on the layer, backward per image, Dice per threshold."""
    kept = {}
    handle = model.conv2.register_forward_hook(
        lambda _module, _inputs, output: kept.update(cells=output)
    )
    rows = []
    for image in torch.from_numpy(pixels):
        logits = model(image[None])
        kept["cells"].retain_grad()
        model.zero_grad()
        logits[0, logits.argmax()].backward()
        weights = kept["cells"].grad.mean((2, 3), keepdim=True)
        heat = functional.relu((weights * kept["cells"]).sum(1, keepdim=True))
        heat = functional.interpolate(heat, size=(28, 28), mode="bilinear")[0, 0].detach().numpy()
        thing, peak = image[0].numpy() > 0, heat.max()
        shown = [heat / peak > t if peak > 0 else heat > 1 for t in THRESHOLDS]
        rows.append([2 * (one & thing).sum() / (one.sum() + thing.sum()) for one in shown])
    handle.remove()
    return np.array(rows)


def main() -> None:
    model = LeNet(10).eval()
    pixels = images(IMAGES)
    start = perf_counter()
    dice = batched(model, pixels)
    ours = perf_counter() - start
    start = perf_counter()
    single = one_by_one(model, pixels[:SINGLE])
    naive = (perf_counter() - start) * IMAGES / SINGLE
    print(
        f"{IMAGES} maps with Dice at {len(THRESHOLDS)} thresholds: vqax {ours:.1f} s, one by "
        f"one {naive:.1f} s, ratio {ours / naive:.2f}, largest difference "
        f"{np.abs(dice[:SINGLE] - single).max():.1e}"
    )


if __name__ == "__main__":
    main()
