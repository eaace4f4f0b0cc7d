"""The smallest extractor and the smallest images."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from vqax.vision import GridExtractor, GridSpec

CELL_PX = 8


def extractor(input_px: int = 32, width: int = 3) -> GridExtractor:
    """Channel k of a cell is the mean of colour k over its 8×8 pixels, times k + 1."""
    conv = nn.Conv2d(3, width, CELL_PX, stride=CELL_PX, bias=False)
    with torch.no_grad():
        conv.weight.zero_()
        for k in range(width):
            conv.weight[k, k % 3] = (k + 1) / CELL_PX**2
    black_is_zero = ((0.0, 0.0, 0.0), (255.0, 255.0, 255.0))
    spec = GridSpec(CELL_PX, width, black_is_zero, lambda _: nn.Sequential(conv), dict)
    return GridExtractor("tiny", spec, conv, input_px=input_px, weight_hash="0123")


def images(folder: Path, count: int, size_px: tuple[int, int] = (40, 24)) -> dict[int, Path]:
    """Noise images by image_id, written as PNG; ids are neither dense nor in file order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for number in range(count):
        noise = np.random.default_rng(number).integers(0, 256, (*size_px[::-1], 3), dtype=np.uint8)
        image_id = 1000 - 7 * number
        paths[image_id] = folder / f"{image_id}.png"
        Image.fromarray(noise).save(paths[image_id])
    return paths


def records(count: int, cells: int = 6, width: int = 5) -> np.ndarray:
    """Features (n,l,d) that fp16 holds exactly."""
    whole = np.random.default_rng(3).integers(-512, 512, (count, cells, width))
    return (whole / 8).astype(np.float32)
