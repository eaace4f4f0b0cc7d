"""Is the difference of two methods more than that of two trainings, or of two sets of images?

The model is y[configuration, seed, question] with questions clustered in images. Seeds of two
configurations are independent, questions are shared, and both are drawn from more than was seen:
an interval that draws images alone says how far *these trainings* differ, not the methods.

Variance = s²/n_A + s²/n_B + V for n_A and n_B trainings, s² between the trainings
(``vqax.stats.seed_variance``) and V over the images (``vqax.stats.image_variance``). What single
trainings do on single images is in both s² and V; it is counted once.
"""

from dataclasses import dataclass

import numpy as np
import scipy  # its special functions are imported when first used

from vqax.stats.image_variance import ImageVariance, Side, image_variance
from vqax.stats.power import detectable_difference, satterthwaite
from vqax.stats.seed_variance import SeedVariance


@dataclass(frozen=True)
class MethodDifference:
    """Mean over trainings and questions of A minus that of B, with what is known about it.

    ``low`` and ``high`` bound the t interval of ``level`` with ``df`` degrees of freedom; ``p`` is
    two-sided, of a true difference ``null``. ``seed_sd`` is s, with ``seed_df`` degrees of
    freedom; ``image_variance`` is V less what s² has counted. ``detectable`` is the smallest
    distance from ``null`` that would have been found with 80 % power. ``seeds_b`` is 0 if B is
    not trained. What rests on s is NaN where no configuration was trained twice.
    """

    estimate: float
    low: float
    high: float
    p: float
    df: float
    standard_error: float
    detectable: float
    seed_sd: float
    seed_df: int
    image_variance: float
    seeds_a: int
    seeds_b: int
    images: int
    null: float = 0.0
    level: float = 0.95


def method_difference(
    a: Side,
    b: Side,
    seeds: SeedVariance,
    *,
    images: int,
    trained_b: bool = True,
    null: float = 0.0,
    level: float = 0.95,
) -> MethodDifference:
    """The difference a - b in the units of the metric, its t interval and its test.

    ``seeds`` is pooled over the family of the two, ``images`` counts the test images. If B is not
    trained (a prior of the answers, another person), s²/n_B is left out.
    """
    estimate = float(a.values.mean() - b.values.mean())
    between = seeds.variance * (1 / len(a.values) + (1 / len(b.values) if trained_b else 0))
    over_images = _not_between_seeds(image_variance(a, b), between)
    error = float(np.sqrt(between + over_images))
    df = _degrees_of_freedom(between, seeds.df, over_images, images - 1)
    half = float(scipy.special.stdtrit(df, (1 + level) / 2)) * error
    return MethodDifference(
        estimate=estimate,
        low=estimate - half,
        high=estimate + half,
        p=_two_sided_p(estimate - null, error, df),
        df=df,
        standard_error=error,
        detectable=detectable_difference(error, df, level=level),
        seed_sd=float(np.sqrt(seeds.variance)),
        seed_df=seeds.df,
        image_variance=over_images,
        seeds_a=len(a.values),
        seeds_b=len(b.values) if trained_b else 0,
        images=images,
        null=null,
        level=level,
    )


def _not_between_seeds(images: ImageVariance, between: float) -> float:
    """V less the part that s² has counted, which is no more than either of the two."""
    return images.variance - min(images.own, images.variance, between)


def _degrees_of_freedom(between: float, seed_df: int, over_images: float, image_df: int) -> float:
    if seed_df == 0:
        return float("nan")
    parts = ((np.array([between]), seed_df), (np.array([over_images]), image_df))
    return float(satterthwaite(*parts)[0])


def _two_sided_p(distance: float, error: float, df: float) -> float:
    if error == 0:
        return 1.0 if distance == 0 else 0.0
    return float(2 * scipy.special.stdtr(df, -abs(distance) / error))
