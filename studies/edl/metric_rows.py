"""The rows that experiments write: values per training and image, and their means with intervals.

Values are arrays (s, n): of s trainings, which differ in their seed alone, on the same n images.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from project.params import Params
from studies.edl.trained import Trained
from vqax.files import write_parquet
from vqax.report.columns import METRIC_COLUMNS
from vqax.stats.one_method import Level, mean_level, statistic_level

RESAMPLES = 200  # enough for the variance of a statistic (Efron and Tibshirani 1993, section 6.4)
COLUMNS = [*METRIC_COLUMNS, "seeds", "by_seed"]
KINDS = {
    "accuracy": ("fraction", "higher"),
    "uncertainty": ("fraction", ""),
    "belief": ("fraction", ""),
    "confidence": ("fraction", ""),
    "confidently_wrong": ("fraction", "lower"),
    "ece": ("fraction", "lower"),
    "brier_classes": ("squared probability", "lower"),
    "aurc": ("fraction", "lower"),
    "auroc_uncertainty": ("probability", "higher"),
    "dice": ("fraction", "higher"),
    "iou": ("fraction", "higher"),
    "dice_centred": ("fraction", "higher"),
    "centroid_distance": ("fraction of the diagonal", "lower"),
    "object_emd": ("fraction of the diagonal", "lower"),
    "blank_map": ("fraction", "lower"),
    "map_similarity": ("Spearman's rho", "higher"),
    "ood_auroc": ("probability", "higher"),
    "passes": ("passes of the network", "lower"),
    **dict.fromkeys(
        (f"uncertainty_{of}" for of in ("dice", "iou", "centroid_distance", "object_emd")),
        ("Spearman's rho", ""),
    ),
}
"""Unit and direction; of a metric that is not here, those of the longest name it begins with."""
Row = tuple[object, ...]
Values = Mapping[str, np.ndarray]


def over_trainings(
    trainings: Sequence[Trained], measure: Callable[[Trained], Values]
) -> dict[str, np.ndarray]:
    """Each metric (s, n) of ``measure``, which gives the values of one training by metric."""
    each = [measure(one) for one in trainings]
    return {metric: np.stack([values[metric] for values in each]) for metric in each[0]}


def image_table(row: str, trainings: Sequence[Trained], values: Values) -> pd.DataFrame:
    """A row per training and image, under the classifier (``run``) and the seed of the training.

    The number of an image is also its question id, for the rules of claims.
    """
    n = next(iter(values.values())).shape[1]
    number = np.tile(np.arange(n), len(trainings))
    keys = {
        "run": trainings[0].name,
        "seed": np.repeat([one.seed for one in trainings], n),
        **{"question_id": number, "image_id": number},
    }
    return pd.DataFrame({"row": row, **keys, **{name: v.ravel() for name, v in values.items()}})


def means(experiment: str, row: str, values: Values) -> Iterator[Row]:
    """The mean over trainings and images of each metric."""
    for metric, each in values.items():
        yield of_level(experiment, row, metric, mean_level(each.astype(np.float64)))


def statistic(
    params: Params,
    experiment: str,
    row: str,
    metric: str,
    compute: Callable[..., float],
    *columns: np.ndarray,
) -> Row:
    """``compute(*columns)`` over the images of each training; the mean over the trainings."""
    samples = min(params.score.resamples, RESAMPLES)
    doubles = [column.astype(np.float64) for column in columns]
    level = statistic_level(compute, *doubles, samples=samples, seed=params.seed)
    return of_level(experiment, row, metric, level)


def of_level(experiment: str, row: str, metric: str, level: Level) -> Row:
    unit, direction = _kind(metric)
    numbers = (level.value, level.low, level.high, level.n)
    return (f"{experiment}/{row}", metric, *numbers, unit, direction, *_by_seed(level.by_seed))


def number(
    experiment: str, row: str, metric: str, value: float, n: int, by_seed: Sequence[float]
) -> Row:
    """A number without an interval, such as a p-value; ``by_seed`` is that of each training."""
    return (f"{experiment}/{row}", metric, value, np.nan, np.nan, n, "", "", *_by_seed(by_seed))


def _by_seed(values: Sequence[float]) -> tuple[int, list[float]]:
    return len(values), list(values)


def _kind(metric: str) -> tuple[str, str]:
    family = max((name for name in KINDS if metric.startswith(name)), key=len, default="")
    return KINDS.get(family, ("", ""))


def metrics_table(rows: Iterable[Row]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=COLUMNS)


def write_metrics(out: Path, rows: Iterable[Row]) -> dict[str, Any]:
    """Write metrics.parquet; the values by row and metric, which is what an experiment returns."""
    metrics = metrics_table(rows)
    write_parquet(out / "metrics.parquet", metrics)
    return {f"{row.run} {row.metric}": row.value for row in metrics.itertuples()}
