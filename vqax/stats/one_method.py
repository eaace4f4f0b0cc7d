"""How good is one method: its value over trainings and test images, with a t interval of both.

Where two conditions belong to the same trainings (an image upright and rotated, seen by one
network), their difference per training and image is such a value, too: trainings that are shared
are no independent ones.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from vqax.errors import BadData
from vqax.stats.difference import MethodDifference, method_difference
from vqax.stats.image_variance import Side, Statistic, statistic_sides
from vqax.stats.seed_variance import SeedVariance, pooled_seed_variance

Values = Float[np.ndarray, "s n"]
IMAGES_ALONE = SeedVariance(variance=0.0, df=1)
"""Of one training: how far others would differ is unknown and left out."""


class Level(NamedTuple):
    """The mean over ``by_seed``, a value per training, with its interval and p of "it is 0".

    ``n`` counts the images that have a value in any training. With one training the interval is
    over images alone.
    """

    value: float
    low: float
    high: float
    n: int
    p: float
    by_seed: tuple[float, ...]


def mean_level(values: Values, *, level: float = 0.95) -> Level:
    """The mean over n images of each of s trainings; an image without a value (NaN) is left out.

    NaN where a training has no value at all, or fewer than two images have one.
    """
    n = int((~np.isnan(values)).any(axis=0).sum())
    if n < 2 or np.isnan(values).all(axis=1).any():
        return _unknown(np.full(len(values), np.nan), n)
    return _level(mean_side_of_known(values), n, level)


def statistic_level(
    statistic: Statistic, *columns: Values, samples: int = 200, seed: int = 0, level: float = 0.95
) -> Level:
    """``statistic(*columns)`` of each training: AUROC, correlation, calibration error.

    ``samples`` resamples of the images, the same for all trainings. Images with a NaN in a column
    of any training are left out. NaN where the statistic of a training is.
    """
    stacked = np.stack(columns)
    stacked = stacked[:, :, ~np.isnan(stacked).any(axis=(0, 1))]
    n, none = stacked.shape[2], stacked[:, :0]
    if n < 2:
        return _unknown(np.full(stacked.shape[1], np.nan), n)
    draws = {"samples": samples, "seed": seed}
    try:
        side, _ = statistic_sides(statistic, stacked, none, np.arange(n), **draws)
    except BadData:  # it varies on too few resamples
        return _unknown(np.array([statistic(*one) for one in stacked.swapaxes(0, 1)]), n)
    return _unknown(side.values, n) if np.isnan(side.values).any() else _level(side, n, level)


def mean_side_of_known(values: Values) -> Side:
    """As ``image_variance.mean_side``, an image each; one without a value has no effect.

    The mean of a training is a ratio of two sums over images, linearised (Cochran 1977, 2.11).
    """
    known = ~np.isnan(values)
    counts = known.sum(axis=1, keepdims=True)
    means = np.nanmean(values, axis=1, keepdims=True)
    correction = np.sqrt(counts / np.maximum(1, counts - 1))
    effects = np.where(known, values - means, 0.0) * correction / counts
    return Side(means[:, 0], effects.T)


def _above_nothing(
    side: Side, seeds: SeedVariance, images: int, level: float = 0.95
) -> MethodDifference:
    nothing = Side(np.zeros(1), np.zeros((len(side.effects), 1)))
    return method_difference(side, nothing, seeds, images=images, trained_b=False, level=level)


def _level(side: Side, n: int, level: float) -> Level:
    by_seed = tuple(float(value) for value in side.values)
    seeds = pooled_seed_variance([side.values]) if len(by_seed) > 1 else IMAGES_ALONE
    found = _above_nothing(side, seeds, n, level)
    return Level(found.estimate, found.low, found.high, n, found.p, by_seed)


def _unknown(values: Float[np.ndarray, "s"], n: int) -> Level:
    nan = float("nan")
    return Level(float(values.mean()), nan, nan, n, nan, tuple(float(value) for value in values))
