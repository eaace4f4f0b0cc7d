"""Gaze-like maps: some blobs on an image that is not square, seen by several people."""

import numpy as np
from scipy.ndimage import gaussian_filter

SIZE = (24, 36)


def blobs(rng: np.random.Generator, count: int = 3, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A map (h,w) in [0, 1], as human maps are: a few smooth peaks."""
    points = np.zeros(size)
    points[rng.integers(0, size[0], count), rng.integers(0, size[1], count)] = 1
    smooth = gaussian_filter(points, 3.0, mode="constant")
    return smooth / smooth.max()


def human_maps(
    rng: np.random.Generator, where: np.ndarray, count: int, noise: float = 0.5
) -> np.ndarray:
    """(k,h,w): the map that ``count`` people share, and in parts each one's own."""
    return np.stack([where + noise * blobs(rng, size=where.shape) for _ in range(count)])
