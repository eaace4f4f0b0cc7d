"""How far a difference of two methods would move on other test images.

A *side* is one method: the metric of each of its trainings, and the effect of each image on them.
The effects are scaled such that, with m of the one side and n of the other averaged over the
trainings, V = Σᵢ (mᵢ - nᵢ)² is the variance over images of the difference of the two means.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped

from vqax.errors import BadData
from vqax.stats.bootstrap import ClusterRows

Statistic = Callable[..., float]


class Side(NamedTuple):
    """``values`` of s trainings; ``effects`` of n images (or n resamples of the images) on each."""

    values: Float[np.ndarray, "s"]
    effects: Float[np.ndarray, "n s"]


class ImageVariance(NamedTuple):
    """V, and ``own``: the part of it that is particular to single trainings.

    What a single training does on single images also makes trainings differ, so s² of
    ``vqax.stats.seed_variance`` has counted ``own`` already.
    """

    variance: float
    own: float


def image_variance(*sides: Side, weights: Sequence[float] = (1.0, -1.0)) -> ImageVariance:
    """V of Σ weight · mean over trainings, by default a difference; ``own``: Σᵢ varₛ(eᵢₛ) / n.

    These are the mean squares of images, and of their interaction with the trainings, in a two-way
    layout with random effects (Searle, Casella and McCulloch 1992, chapter 4). A side of one
    training adds nothing to ``own``, because it does not show what is particular to it.
    """
    weighted = list(zip(weights, sides, strict=True))
    total = sum(weight * side.effects.mean(axis=1) for weight, side in weighted)
    own = sum(weight**2 * _own(side) for weight, side in weighted)
    return ImageVariance(float(np.square(total).sum()), own)


def _own(side: Side) -> float:
    seeds = len(side.values)
    return float(side.effects.var(axis=1, ddof=1).sum() / seeds) if seeds > 1 else 0.0


def mean_side(values: Float[np.ndarray, "s n"], images: Shaped[np.ndarray, "n"]) -> Side:
    """The mean over n questions of each training; no random draws.

    The effect of image i is √(I / (I - 1)) Σ_{q in i} (y_q - ȳ) / n for I images: the linearised
    ratio estimator of cluster sampling (Cochran 1977, section 9A; Cameron and Miller 2015).
    """
    means = values.mean(axis=1)
    order = np.argsort(images, kind="stable")
    _, starts = np.unique(images[order], return_index=True)
    centred = (values - means[:, None])[:, order]
    correction = np.sqrt(len(starts) / max(1, len(starts) - 1))
    effects = np.add.reduceat(centred, starts, axis=1) * (correction / len(images))
    return Side(means, effects.T)


def statistic_sides(
    statistic: Statistic,
    a: Float[np.ndarray, "k r n"],
    b: Float[np.ndarray, "k s n"],
    images: Shaped[np.ndarray, "n"],
    *,
    samples: int,
    seed: int,
) -> tuple[Side, Side]:
    """``statistic(*columns)`` of each training of two methods; see ``sides_of``."""
    first, second = sides_of(statistic, [a, b], images, samples=samples, seed=seed)
    return first, second


def sides_of(
    statistic: Statistic,
    methods: Sequence[Float[np.ndarray, "k _ n"]],
    images: Shaped[np.ndarray, "n"],
    *,
    samples: int,
    seed: int,
) -> list[Side]:
    """``statistic(*columns)`` of each training, for AUROC, correlations and the like.

    Each of ``methods`` holds k columns of its trainings on n questions. The effects are those of
    resamples that draw images whole, the same for all trainings; resamples in which the statistic
    of a training is NaN are left out.

    Raises:
        BadData: the statistic is NaN in every resample, or in all but one.
    """
    columns = np.concatenate(methods, axis=1)
    values = _of_each(statistic, columns)
    rows = ClusterRows(images, np.random.default_rng(seed))
    draws = np.array([_of_each(statistic, columns[:, :, rows.draw()]) for _ in range(samples)])
    draws = draws[~np.isnan(draws).any(axis=1)]
    if len(draws) < 2:
        raise BadData(
            f"{getattr(statistic, '__name__', 'the statistic')}: has no value on resamples of "
            f"{len(np.unique(images))} images; give questions on which it varies"
        )
    effects = (draws - draws.mean(axis=0)) / np.sqrt(len(draws) - 1)
    ends = np.cumsum([one.shape[1] for one in methods])[:-1]
    parts = zip(np.split(values, ends), np.split(effects, ends, axis=1), strict=True)
    return [Side(*part) for part in parts]


def _of_each(statistic: Statistic, columns: Float[np.ndarray, "k s n"]) -> Float[np.ndarray, "s"]:
    return np.array([statistic(*of_one) for of_one in columns.swapaxes(0, 1)], dtype=np.float64)
