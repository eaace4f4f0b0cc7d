"""Is the difference of two methods more than that of two trainings, or of two sets of images?

The model is y[configuration, seed, question] with questions clustered in images. Seeds of two
configurations are independent, questions are shared, and both are drawn from more than was seen:
an interval that draws images alone says how far *these trainings* differ, not the methods.

Variance = s²/n_A + s²/n_B + V for n_A and n_B trainings, s² between the trainings
(``vqax.stats.seed_variance``) and V over the images (``vqax.stats.image_variance``). What single
trainings do on single images is in both s² and V; it is counted once. A contrast of more than two
methods (the gain of one against the gain of another) is a weighted sum of them in the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its special functions are imported when first used

from vqax.metrics.ties import without_rounding
from vqax.stats.image_variance import ImageVariance, Side, image_variance
from vqax.stats.power import detectable_difference, satterthwaite
from vqax.stats.seed_variance import SeedVariance


@dataclass(frozen=True)
class Term:
    """A method in a contrast: its side times ``weight``.

    ``seeds`` is pooled over its ``family``; methods of one family share it, those of two families
    have independent estimates. None: the method is not trained.
    """

    side: Side
    weight: float
    seeds: SeedVariance | None
    family: str = ""


@dataclass(frozen=True)
class MethodDifference:
    """Mean over trainings and questions of A minus that of B, with what is known about it.

    ``low`` and ``high`` bound the t interval of ``level`` with ``df`` degrees of freedom; ``p`` is
    two-sided, of a true difference ``null``. ``seed_sd`` is s, with ``seed_df`` degrees of
    freedom; ``image_variance`` is V less what s² has counted. ``detectable`` is the smallest
    distance from ``null`` that would have been found with 80 % power. ``seeds_a`` or ``seeds_b`` is
    0 if that side is not trained. What rests on s is NaN where no configuration was trained twice.
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
    terms = [Term(a, 1.0, seeds), Term(b, -1.0, seeds if trained_b else None)]
    return weighted_difference(terms, images=images, null=null, level=level)


def weighted_difference(
    terms: Sequence[Term],
    *,
    constant: float = 0.0,
    images: int,
    null: float = 0.0,
    level: float = 0.95,
) -> MethodDifference:
    """Σ weight · mean over trainings + ``constant``, its t interval and its test.

    Terms of positive weight are side A. s² of each family enters with Σ weight² / n and with its
    own degrees of freedom; ``seed_df`` are Satterthwaite's of their sum, rounded down, which for
    one family are those of its s². The effects of all sides are of the same images.
    """
    parts = [constant, *(float(one.weight * one.side.values.mean()) for one in terms)]
    estimate = float(without_rounding(np.float64(sum(parts)), *map(np.float64, parts)))
    between, seed_df, seed_sd = _between_seeds(terms)
    sides, weights = [one.side for one in terms], [one.weight for one in terms]
    over_images = _not_between_seeds(image_variance(*sides, weights=weights), between)
    error = float(np.sqrt(between + over_images))
    df = _degrees_of_freedom(between, seed_df, over_images, images - 1)
    half = float(scipy.special.stdtrit(df, (1 + level) / 2)) * error
    return MethodDifference(
        estimate=estimate,
        low=estimate - half,
        high=estimate + half,
        p=_two_sided_p(estimate - null, error, df),
        df=df,
        standard_error=error,
        detectable=detectable_difference(error, df, level=level),
        seed_sd=seed_sd,
        seed_df=int(seed_df + 1e-9) if np.isfinite(seed_df) else 0,
        image_variance=over_images,
        seeds_a=_fewest([one for one in terms if one.weight > 0]),
        seeds_b=_fewest([one for one in terms if one.weight < 0]),
        images=images,
        null=null,
        level=level,
    )


def _fewest(terms: Sequence[Term]) -> int:
    """How many trainings the least repeated of them has; 0 where none is trained."""
    return min((len(one.side.values) for one in terms if one.seeds is not None), default=0)


def _between_seeds(terms: Sequence[Term]) -> tuple[float, float, float]:
    """Σ s² weight² / n over the families, its degrees of freedom, and the s it amounts to.

    Without a trained method there is no such variance, and its degrees of freedom are infinite.
    """
    shares: dict[str, float] = {}
    families: dict[str, SeedVariance] = {}
    for one in terms:
        if one.seeds is not None:
            share = one.weight**2 / len(one.side.values)
            shares[one.family] = shares.get(one.family, 0.0) + share
            families[one.family] = one.seeds
    if not shares:
        return 0.0, float("inf"), 0.0
    parts = [(families[name].variance * share, families[name].df) for name, share in shares.items()]
    total = sum(variance for variance, _ in parts)
    sd = float(np.sqrt(total / sum(shares.values())))
    if len(parts) == 1 or any(df == 0 for _, df in parts) or total == 0:
        return total, float(min(df for _, df in parts)), sd
    return total, float(satterthwaite(*((np.array([v]), df) for v, df in parts))[0]), sd


def _not_between_seeds(images: ImageVariance, between: float) -> float:
    """V less the part that s² has counted, which is no more than either of the two."""
    return images.variance - min(images.own, images.variance, between)


def _degrees_of_freedom(between: float, seed_df: float, over_images: float, image_df: int) -> float:
    if seed_df == 0:
        return float("nan")
    parts = ((np.array([between]), seed_df), (np.array([over_images]), image_df))
    return float(satterthwaite(*parts)[0])


def _two_sided_p(distance: float, error: float, df: float) -> float:
    if error == 0:
        return 1.0 if distance == 0 else 0.0
    return float(2 * scipy.special.stdtr(df, -abs(distance) / error))
