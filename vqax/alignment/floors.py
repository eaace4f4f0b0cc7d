"""What agrees with human attention without looking at the image: the floors of every metric.

Each makes a map (n,h,w) for every question. A model that stays below the best of them does not show
that it looks where people look.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32, Int

from vqax.metrics.density import as_density

GAUSSIAN = 0.25
"""Standard deviation of the centred Gaussian, in heights and widths of the image."""


def sum_of_others(
    values: Float32[np.ndarray, "p h w"],
    question: Int[np.ndarray, "p"],
    image: Int[np.ndarray, "n"],
) -> Float32[np.ndarray, "n h w"]:
    """For each question the sum of ``values`` that are of other images; NaN if none is."""
    images = int(image.max()) + 1
    own = np.zeros((images, *values.shape[1:]))
    np.add.at(own, image[question], values)
    counts = np.bincount(image[question], minlength=images)
    others = own.sum(axis=0) - own
    others[counts == counts.sum()] = np.nan
    return others.astype(np.float32)[image]


def mean_human_map(
    densities: Float32[np.ndarray, "p h w"],
    question: Int[np.ndarray, "p"],
    image: Int[np.ndarray, "n"],
    seed: int,  # noqa: ARG001
) -> Float32[np.ndarray, "n h w"]:
    """The mean of all human maps of other images, each scaled to sum 1 before."""
    unit = as_density(densities).reshape(densities.shape)
    summed = sum_of_others(np.nan_to_num(unit).astype(np.float32), question, image)
    return summed / summed.sum(axis=(1, 2), keepdims=True)


def other_question(
    densities: Float32[np.ndarray, "p h w"],
    question: Int[np.ndarray, "p"],
    image: Int[np.ndarray, "n"],
    seed: int,
) -> Float32[np.ndarray, "n h w"]:
    """A human map of a question about another image, drawn by ``seed``; NaN if there is none."""
    rng, owner = np.random.default_rng(seed), image[question]
    chosen = rng.integers(0, len(owner), len(image))
    lonely = np.bincount(owner, minlength=int(image.max()) + 1) == len(owner)
    while (again := (owner[chosen] == image) & ~lonely[image]).any():
        chosen[again] = rng.integers(0, len(owner), int(again.sum()))
    maps = densities[chosen]
    maps[lonely[image]] = np.nan
    return maps


def centred_gaussian(
    densities: Float32[np.ndarray, "p h w"],
    question: Int[np.ndarray, "p"],  # noqa: ARG001
    image: Int[np.ndarray, "n"],
    seed: int,  # noqa: ARG001
) -> Float32[np.ndarray, "n h w"]:
    """exp(-½ (y² + x²) / σ²), y and x from the centre in heights and widths, σ ``GAUSSIAN``."""
    down, right = (
        np.exp(-0.5 * (((np.arange(side) + 0.5) / side - 0.5) / GAUSSIAN) ** 2)
        for side in densities.shape[1:]
    )
    one = np.outer(down, right).astype(np.float32)
    return np.broadcast_to(one, (len(image), *one.shape))


def uniform_noise(
    densities: Float32[np.ndarray, "p h w"],
    question: Int[np.ndarray, "p"],  # noqa: ARG001
    image: Int[np.ndarray, "n"],
    seed: int,
) -> Float32[np.ndarray, "n h w"]:
    """Every cell drawn from [0, 1) by ``seed``."""
    shape = (len(image), *densities.shape[1:])
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


FLOORS: dict[str, Callable[..., np.ndarray]] = {
    "other_question": other_question,
    "mean_human_map": mean_human_map,
    "centred_gaussian": centred_gaussian,
    "uniform_noise": uniform_noise,
}
"""(densities (p,h,w), question (p,), image (n,), seed) -> (n,h,w)."""
