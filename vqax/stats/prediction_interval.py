"""Where the result of a new training, or of an experiment made again, is expected."""

from collections.abc import Sequence

import numpy as np
import scipy  # its special functions are imported when first used

from vqax.stats.seed_variance import SeedVariance


def prediction_interval(
    estimate: float,
    seeds: SeedVariance,
    *,
    old: Sequence[int],
    new: Sequence[int],
    level: float = 0.95,
) -> tuple[float, float]:
    """The interval of a new estimate on the same test images, from new trainings.

    ``estimate`` ± t √(s² (Σ 1/n + Σ 1/m)): ``old`` holds the number n of trainings of each
    configuration behind the estimate, ``new`` the number m behind the new one. The metric of one
    more training is ``old=[n], new=[1]``; a difference trained again is ``old=[n_A, n_B],
    new=[m_A, m_B]``. Both bounds are NaN where s² is unknown (Hahn and Meeker 1991, chapter 4).
    """
    shares = sum(1 / count for count in (*old, *new))
    t = scipy.special.stdtrit(seeds.df, (1 + level) / 2) if seeds.df else np.nan
    half = float(t * np.sqrt(seeds.variance * shares))
    return estimate - half, estimate + half
