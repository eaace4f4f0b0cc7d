"""By how much the resizing rule alone moves alignment with human attention.

    python benchmarks/resizing.py

200 gaze-like questions: three people look at a few places of an image of 240 by 320 px, a model's
map of 16 by 16 cells is their common attention with noise. Every rule scores the same maps.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from vqax.alignment import align

QUESTIONS, SIZE, CELLS = 200, (240, 320), (16, 16)
NAMES = ["rank_correlation", "cc", "sim", "nss", "auc_judd"]
RULES = [
    ("area", (14, 14)),
    ("bilinear", (14, 14)),
    ("nearest", (14, 14)),
    ("area", (7, 7)),
    ("bilinear", (28, 28)),
    ("bilinear", (64, 64)),
    ("nearest", (64, 64)),
]


def gaze(rng: np.random.Generator, count: int) -> np.ndarray:
    """The blurred fixations of one person."""
    points = np.zeros(SIZE)
    points[rng.integers(0, SIZE[0], count), rng.integers(0, SIZE[1], count)] = 1
    return gaussian_filter(points, SIZE[1] / 32, mode="constant")


def main() -> None:
    rng = np.random.default_rng(0)
    human, maps = [], []
    for _ in range(QUESTIONS):
        common = gaze(rng, 4)
        human.append(np.stack([common + gaze(rng, 3) for _ in range(3)]))
        cells = common.reshape(CELLS[0], 15, CELLS[1], 20).mean((1, 3))
        maps.append(cells / cells.max() + 0.1 * rng.random(CELLS))
    print("| rule | " + " | ".join(NAMES) + " |")
    print("|---|" + "---:|" * len(NAMES))
    for kernel, grid in RULES:
        table = align(maps, human, metrics=NAMES, kernel=kernel, grid=grid, samples=10).table
        values = " | ".join(f"{value:.3f}" for value in table["value"])
        print(f"| {kernel} {grid[0]}×{grid[1]} | {values} |")


if __name__ == "__main__":
    main()
