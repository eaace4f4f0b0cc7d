"""The smallest detector that still is a Faster R-CNN on the encoder, and images of squares."""

from pathlib import Path

import numpy as np
from PIL import Image

from vqax.data.coco import Instance
from vqax.vision.detector import Detector, DetectorSizes, build_detector

SIZES = DetectorSizes(
    input_px=64, channels=8, pool=2, width=6, anchors_px=(16, 24), ratios=(1.0,), proposals=60
)
CLASSES = ("bright", "dark")
ATTRIBUTES = ("left", "right")


def detector(seed: int = 0) -> Detector:
    return build_detector(CLASSES, ATTRIBUTES, SIZES, seed=seed)


def scenes(
    folder: Path, count: int, size_px: tuple[int, int] = (80, 48)
) -> dict[int, tuple[Path, list[Instance]]]:
    """Grey images with a bright square and, in every other one, a dark one."""
    folder.mkdir(parents=True, exist_ok=True)
    examples = {}
    for number in range(count):
        rng = np.random.default_rng(number)
        pixels = rng.integers(100, 140, (*size_px[::-1], 3), dtype=np.uint8)
        instances = []
        for kind, value in list(zip(CLASSES, (250, 5), strict=True))[: 1 + number % 2]:
            x, y = int(rng.integers(0, 60)), int(rng.integers(0, 28))
            pixels[y : y + 16, x : x + 20] = value
            side = ATTRIBUTES[x >= 30]
            instances.append(
                Instance(number, kind, (float(x), float(y), 20.0, 16.0), attributes=(side,))
            )
        path = folder / f"{number}.png"
        Image.fromarray(pixels).save(path)
        examples[number] = (path, instances)
    return examples
