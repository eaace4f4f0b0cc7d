"""Where a person looks to answer a question: soft blobs on the relevant objects, people differ.

Each person misses each place by an offset, looks with a spread of their own, forgets some of
several objects, and glances at what is beside the point. Where nothing is needed (the answer is
that it is not there) a person searches: weakly over a share of all objects. The constants give a
mean rank correlation between two people of about .62, as in VQA-HAT (Das et al. 2016: .623).
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

COARSE = 4
"""Blobs are drawn on a grid of image size / 4 and enlarged: they have no finer detail."""
OFFSET_REL = 0.16
SPREAD_REL = 0.42
SPREAD_SIGMA = 0.30
FORGET_SHARE = 0.15
GLANCE_SHARE = 0.25
SEARCH_SHARE = 0.70
STRAY_BLOBS = 1.0
STRAY_REL = 0.12
SEARCH_PEAK = 140.0
"""Grey level of the strongest place when searching; 255 where something is found."""

Box = tuple[float, float, float, float]


def human_map(
    size_px: int, boxes: Sequence[Box], relevant: Sequence[int], rng: np.random.Generator
) -> UInt8[np.ndarray, "h w"]:
    """One person's attention, 0 not looked at to 255 most; ``boxes`` are those of all objects."""
    side = max(2, size_px // COARSE)
    canvas = np.zeros((side, side), np.float32)
    for index, weight in _looked_at(len(boxes), relevant, rng):
        canvas += np.float32(weight) * _blob(side, np.divide(boxes[index], size_px), rng)
    for _ in range(rng.poisson(STRAY_BLOBS)):
        box = np.append(rng.uniform(0, 1 - STRAY_REL, 2), (STRAY_REL, STRAY_REL))
        canvas += np.float32(rng.uniform(0.1, 0.35)) * _blob(side, box, rng)
    peak = np.float32(255.0 if relevant else SEARCH_PEAK)
    grey = np.rint(peak * canvas / canvas.max()).astype(np.uint8)
    return np.asarray(Image.fromarray(grey).resize((size_px, size_px), Image.Resampling.BILINEAR))


def _looked_at(
    objects: int, relevant: Sequence[int], rng: np.random.Generator
) -> list[tuple[int, float]]:
    """Which objects a person looks at and how long, 0..1; at least one."""
    if not relevant:
        searched = [i for i in range(objects) if rng.random() < SEARCH_SHARE]
        return [(i, rng.uniform(0.3, 1)) for i in searched or [int(rng.integers(objects))]]
    kept = [i for i in relevant if rng.random() >= FORGET_SHARE] or [relevant[0]]
    looks = [(i, rng.uniform(0.7, 1)) for i in kept]
    others = [i for i in range(objects) if i not in relevant]
    return looks + [(i, rng.uniform(0.1, 0.4)) for i in others if rng.random() < GLANCE_SHARE]


def _blob(side: int, box_rel: np.ndarray, rng: np.random.Generator) -> Float32[np.ndarray, "h w"]:
    """A Gaussian about a box (x, y, width, height in image sides), missed by a little."""
    x, y, width, height = box_rel
    extent = max(width, height)
    x_mid, y_mid = rng.normal((x + width / 2, y + height / 2), OFFSET_REL * extent)
    spread = SPREAD_REL * rng.lognormal(0, SPREAD_SIGMA)
    line = ((np.arange(side) + 0.5) / side).astype(np.float32)
    across = np.exp(-0.5 * np.square((line - np.float32(x_mid)) / np.float32(spread * width)))
    down = np.exp(-0.5 * np.square((line - np.float32(y_mid)) / np.float32(spread * height)))
    return np.outer(down, across).astype(np.float32)
