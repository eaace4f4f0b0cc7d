"""A comparison whose sides were trained several times: other trainings and other images count.

A side is then a table with a row per training (columns run and seed) and image. Two sides of one
run are two conditions of the same trainings, which are compared within each training; those of two
runs are independent trainings.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from vqax.claims.sources import QUESTION, TRAINING, NotMeasured
from vqax.metrics.ties import without_rounding
from vqax.stats.contrast import Contrast, separation
from vqax.stats.difference import MethodDifference, method_difference
from vqax.stats.image_variance import Side
from vqax.stats.one_method import (
    Values,
    mean_difference,
    mean_side_of_known,
    statistic_difference,
)
from vqax.stats.seed_variance import pooled_seed_variance

VALUE = "value"


def trained_several_times(tables: Sequence[pd.DataFrame]) -> bool:
    """Whether every side says which training each of its values is of."""
    return all(set(TRAINING) <= set(table.columns) for table in tables)


def mean(first: pd.DataFrame, second: pd.DataFrame) -> MethodDifference:
    """Mean of ``first`` minus that of ``second`` over the images that both have."""
    a, b = _on_the_same_images(first, second)
    if _runs(first) == _runs(second) and a.shape == b.shape:
        return mean_difference(without_rounding(a - b, a, b))
    return _independent(mean_side_of_known(a), mean_side_of_known(b), a.shape[1])


def apart(first: pd.DataFrame, second: pd.DataFrame) -> MethodDifference:
    """The same over different images, so that the variances over images are added."""
    a, b = (mean_side_of_known(_values(table).to_numpy()) for table in (first, second))
    none_of_b, none_of_a = (np.zeros((len(x.effects), len(y.values))) for x, y in ((a, b), (b, a)))
    first_side = Side(a.values, np.concatenate([a.effects, none_of_a]))
    second_side = Side(b.values, np.concatenate([none_of_b, b.effects]))
    return _independent(first_side, second_side, min(len(a.effects), len(b.effects)))


def separated(uncertainty: pd.DataFrame, right: pd.DataFrame) -> MethodDifference:
    """AUROC of errors - ½ of each training, above 0."""
    return statistic_difference(separation, *_on_the_same_images(uncertainty, right))


STATISTICS: dict[str, Callable[[pd.DataFrame, pd.DataFrame], MethodDifference]] = {
    "mean": mean,
    "difference": mean,
    "mean apart": apart,
    "separation": separated,
}


def contrast(statistic: str, tables: Sequence[pd.DataFrame], names: str) -> Contrast:
    """What ``STATISTICS`` finds for the claim; of a difference of either sign its size.

    Raises:
        NotMeasured: it has no interval, because a side was trained once.
    """
    found = STATISTICS[statistic](*tables)
    if np.isnan(found.low):
        raise NotMeasured(("Trained once, so that other trainings are unknown:", names))
    sign = -1.0 if statistic == "difference" and found.estimate < 0 else 1.0
    low, high = sorted((sign * found.low, sign * found.high))
    return Contrast(sign * found.estimate, low, high, found.images, found.p)


def _independent(a: Side, b: Side, images: int) -> MethodDifference:
    return method_difference(a, b, pooled_seed_variance([a.values, b.values]), images=images)


def _on_the_same_images(first: pd.DataFrame, second: pd.DataFrame) -> tuple[Values, Values]:
    a, b = _values(first), _values(second)
    shared = a.columns.intersection(b.columns)
    return a[shared].to_numpy(), b[shared].to_numpy()


def _values(table: pd.DataFrame) -> pd.DataFrame:
    """A row per training, a column per image."""
    wide: pd.DataFrame = table.pivot(index="seed", columns=QUESTION[0], values=VALUE)
    return wide.astype(np.float64)


def _runs(table: pd.DataFrame) -> set[str]:
    return set(table["run"])
