"""Grad-CAM maps with Dice at 20 thresholds, against a loop over single pictures with a hook."""

from time import perf_counter

import numpy as np
import torch
from torch.nn import functional

from vqax.evidential.cam import classifier_grad_cam, enlarge
from vqax.evidential.lenet import LeNet
from vqax.evidential.overlap import THRESHOLDS, object_masks, overlap
from vqax.evidential.pictures import digits

PICTURES, SINGLE = 3000, 200


def pictures(count: int) -> np.ndarray:
    """Digits, as often as needed."""
    pixels = digits().pixels
    return np.concatenate([pixels] * -(-count // len(pixels)))[:count]


def batched(model: LeNet, pixels: np.ndarray) -> np.ndarray:
    maps = enlarge(classifier_grad_cam(model, torch.from_numpy(pixels)), (28, 28)).numpy()
    return overlap(maps, object_masks(pixels)).dice


def one_by_one(model: LeNet, pixels: np.ndarray) -> np.ndarray:
    """What a notebook does: a hook on the layer, backward per picture, Dice per threshold."""
    kept = {}
    handle = model.conv2.register_forward_hook(
        lambda _module, _inputs, output: kept.update(cells=output)
    )
    rows = []
    for picture in torch.from_numpy(pixels):
        logits = model(picture[None])
        kept["cells"].retain_grad()
        model.zero_grad()
        logits[0, logits.argmax()].backward()
        weights = kept["cells"].grad.mean((2, 3), keepdim=True)
        heat = functional.relu((weights * kept["cells"]).sum(1, keepdim=True))
        heat = functional.interpolate(heat, size=(28, 28), mode="bilinear")[0, 0].detach().numpy()
        thing, peak = picture[0].numpy() > 0, heat.max()
        shown = [heat / peak > t if peak > 0 else heat > 1 for t in THRESHOLDS]
        rows.append([2 * (one & thing).sum() / (one.sum() + thing.sum()) for one in shown])
    handle.remove()
    return np.array(rows)


def main() -> None:
    model = LeNet(10).eval()
    pixels = pictures(PICTURES)
    start = perf_counter()
    dice = batched(model, pixels)
    ours = perf_counter() - start
    start = perf_counter()
    single = one_by_one(model, pixels[:SINGLE])
    naive = (perf_counter() - start) * PICTURES / SINGLE
    print(
        f"{PICTURES} maps with Dice at {len(THRESHOLDS)} thresholds: vqax {ours:.1f} s, one by "
        f"one {naive:.1f} s, ratio {ours / naive:.2f}, largest difference "
        f"{np.abs(dice[:SINGLE] - single).max():.1e}"
    )


if __name__ == "__main__":
    main()
