"""How far trainings of one configuration differ, pooled over the configurations of a family.

A family is one kind of model on one data set by one metric. Its configurations are taken to vary
alike from training to training, so that a few trainings of each give many degrees of freedom.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

FEWEST_SEEDS = 3
FEWEST_DF = 6
"""With fewer trainings a side, or degrees of freedom of s², no verdict on two methods is given."""


class SeedVariance(NamedTuple):
    """s², in squared units of the metric, and the degrees of freedom it was estimated with.

    Without a configuration that was trained twice, ``variance`` is NaN and ``df`` 0.
    """

    variance: float
    df: int


def pooled_seed_variance(configurations: Iterable[Float[np.ndarray, "_"]]) -> SeedVariance:
    """s² = Σ_c Σ_s (y_cs - ȳ_c)² / Σ_c (n_c - 1) for the values y of n_c trainings each.

    A value is the metric of one training on the whole test set, which all trainings share.
    """
    squares, df = 0.0, 0
    for values in configurations:
        squares += float(np.square(values - values.mean()).sum())
        df += len(values) - 1
    return SeedVariance(squares / df if df else float("nan"), df)
