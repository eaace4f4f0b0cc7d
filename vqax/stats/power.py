"""What an experiment could have found, and how many trainings it takes to find an effect.

The power of a two-sided t test at a true difference δ is P(|T| > t₁₋α⸝₂) for the noncentral t with
noncentrality δ / standard error; of the two tails the one on the side of δ is counted, the other
is below 10⁻⁴ at any power worth having.
"""

import math

import numpy as np
import scipy  # its special functions are imported when first used
from jaxtyping import Float, Int

from vqax.stats.seed_variance import FEWEST_DF, FEWEST_SEEDS, SeedVariance

POWER = 0.8
MOST_SEEDS = 1000


def detectable_difference(
    standard_error: float, df: float, *, level: float = 0.95, power: float = POWER
) -> float:
    """The smallest true difference that the interval of ``level`` clears of 0 with ``power``.

    In the units of ``standard_error``; NaN where that is NaN.
    """
    return float(standard_error * _noncentrality(np.array([df]), level, power)[0])


def seeds_needed(
    effect: float,
    seeds: SeedVariance,
    image_variance: float,
    image_df: int,
    *,
    configurations: int = 2,
    level: float = 0.95,
    power: float = POWER,
) -> int | None:
    """How many trainings a side find a true difference ``effect`` with ``power``.

    The variance is 2 s² / n + ``image_variance`` for n trainings a side, s² then pooled over n
    trainings of each of ``configurations``; n is at least what a verdict takes. None where
    ``MOST_SEEDS`` do not suffice, because it takes more test images, and where s² is unknown.
    ``effect`` may have either sign.
    """
    fewest = max(FEWEST_SEEDS, 1 + math.ceil(FEWEST_DF / configurations))
    n = np.arange(fewest, MOST_SEEDS + 1)
    between = 2 * seeds.variance / n
    total = between + image_variance
    df = satterthwaite(
        (between, configurations * (n - 1)), (np.full(len(n), image_variance), image_df)
    )
    found = np.sqrt(total) * _noncentrality(df, level, power) <= abs(effect)
    return int(n[found.argmax()]) if found.any() else None


def satterthwaite(
    *parts: tuple[Float[np.ndarray, "n"], Int[np.ndarray, "n"] | int | float],
) -> Float[np.ndarray, "n"]:
    """Degrees of freedom of a sum of independent variances, each given with its own.

    df = (Σ v)² / Σ (v² / df) (Satterthwaite 1946); infinite where all variances are 0. A variance
    that is known has infinite degrees of freedom.
    """
    total = sum(variance for variance, _ in parts)
    spread = sum(np.square(variance) / df for variance, df in parts)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread == 0, np.inf, np.square(total) / spread)


def _noncentrality(df: Float[np.ndarray, "n"], level: float, power: float) -> np.ndarray:
    """δ in standard errors: where the noncentral t exceeds the critical value with ``power``."""
    critical = scipy.special.stdtrit(df, (1 + level) / 2)
    return scipy.special.nctdtrinc(df, 1 - power, critical)
