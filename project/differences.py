"""Two runs of a study compared over their trainings and the test images (docs/statistics.md)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy  # its special functions are imported when first used

from project.study import Measured, family
from vqax.errors import BadData
from vqax.stats.difference import MethodDifference, Term, weighted_difference
from vqax.stats.image_variance import mean_side
from vqax.stats.seed_variance import SeedVariance, pooled_seed_variance
from vqax.stats.words import enough_seeds

BOTH, IMAGES = "trainings and images", "images"


class RunDifference(NamedTuple):
    """A difference of two runs; ``low`` and ``high`` are over what ``interval`` says.

    Where no configuration of a family was trained twice, it is over images alone: it is about these
    trainings, not about the methods.
    """

    difference: MethodDifference
    low: float
    high: float
    n: int
    interval: str

    @property
    def enough(self) -> bool:
        return enough_seeds(self.difference)

    def word(self, *, higher: bool) -> str | None:
        """Better or worse where the whole interval lies on one side of 0; else inconclusive.

        None without enough trainings, or without an interval. ``higher`` is better.
        """
        if not self.enough or np.isnan([self.low, self.high]).any():
            return None
        if self.low <= 0 <= self.high:
            return "inconclusive"
        return "better" if (self.low > 0) == higher else "worse"


def run_difference(
    measured: Measured, measure: str, a: str, b: str, *, seeds: Sequence[int] | None = None
) -> RunDifference:
    """Run ``a`` minus run ``b`` in the mean of a column of their questions.

    Over the questions that have a value in every training of both. ``seeds``: those trainings
    alone, also of the family that s² is pooled over.

    Raises:
        BadData: they have no question in common.
    """
    tables = [_of_seeds(measured.by_training(run, measure), seeds) for run in (a, b)]
    both = pd.concat(dict(zip("ab", tables, strict=True)), axis=1, join="inner").dropna()
    if not len(both) and not len(tables[0].index.intersection(tables[1].index)):
        raise BadData(
            "data/scores: two runs have no test question in common; "
            "compare runs of the same data set only"
        )
    images = both.index.get_level_values("image_id").to_numpy()
    if len(np.unique(images)) < 2:
        return _nothing(measured, a, b, len(both))
    terms = []
    for run, side, weight in ((a, "a", 1.0), (b, "b", -1.0)):
        values = mean_side(both[side].to_numpy(np.float64).T, images)
        spread = family_variance(measured, run, measure, both.index, seeds)
        terms.append(Term(values, weight, spread, family(measured.params, run)))
    found = weighted_difference(terms, images=len(np.unique(images)))
    return _with_interval(found, len(both))


def _with_interval(found: MethodDifference, n: int) -> RunDifference:
    if found.seed_df:
        return RunDifference(found, found.low, found.high, n, BOTH)
    half = float(scipy.special.stdtrit(found.images - 1, 0.975) * np.sqrt(found.image_variance))
    return RunDifference(found, found.estimate - half, found.estimate + half, n, IMAGES)


def _nothing(measured: Measured, a: str, b: str, n: int) -> RunDifference:
    """Of runs that no two images have a value of."""
    nan = float("nan")
    unknown = ("estimate", "low", "high", "p", "df", "standard_error", "detectable", "seed_sd")
    numbers = dict.fromkeys(unknown, nan)
    seeds = {"seeds_a": len(measured.seeds(a)), "seeds_b": len(measured.seeds(b))}
    none = MethodDifference(**numbers, **seeds, seed_df=0, image_variance=nan, images=0)
    return RunDifference(none, nan, nan, n, IMAGES)


def family_variance(
    measured: Measured,
    run: str,
    measure: str,
    questions: pd.MultiIndex,
    seeds: Sequence[int] | None = None,
) -> SeedVariance:
    """s² of the mean of ``measure`` on ``questions``, over the runs that vary as ``run`` does."""
    return pooled_seed_variance(
        [
            means
            for other in measured.family(run)
            if (means := _means(measured, other, measure, questions, seeds)) is not None
        ]
    )


def _means(
    measured: Measured,
    run: str,
    measure: str,
    questions: pd.MultiIndex,
    seeds: Sequence[int] | None,
) -> np.ndarray | None:
    """The mean of each training; none where the run lacks the measure."""
    if any(measure not in table for table in measured.questions_by_seed[run]):
        return None
    table = _of_seeds(measured.by_training(run, measure), seeds)
    means = table.reindex(questions).mean().to_numpy(np.float64)
    return None if not len(means) or np.isnan(means).any() else means


def _of_seeds(table: pd.DataFrame, seeds: Sequence[int] | None) -> pd.DataFrame:
    """The columns of these seeds, as far as there are any."""
    return table if seeds is None else table[[seed for seed in seeds if seed in table]]
