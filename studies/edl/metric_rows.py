"""The rows that experiments write: values per image, and their means with intervals."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from project.params import Params
from vqax.files import write_parquet
from vqax.report.columns import METRIC_COLUMNS
from vqax.stats.bootstrap import Interval, bootstrap_mean, bootstrap_statistic

FEWER_DRAWS = 500  # for statistics that are computed anew in every draw
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
    "dice_test": ("fraction", "higher"),
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


def images_table(row: str, values: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """A row per image; its number is also its question id, as the rules of claims want it."""
    number = np.arange(len(next(iter(values.values()))))
    return pd.DataFrame({"row": row, "question_id": number, "image_id": number, **values})


def means(
    params: Params, experiment: str, row: str, values: Mapping[str, np.ndarray]
) -> Iterator[Row]:
    """The mean over the images of each metric."""
    for metric, each in values.items():
        draws = {"samples": params.score.resamples, "seed": params.seed}
        yield of_interval(experiment, row, metric, bootstrap_mean(each.astype(np.float64), **draws))


def statistic(
    params: Params,
    experiment: str,
    row: str,
    metric: str,
    compute: Callable[..., float],
    *columns: np.ndarray,
) -> Row:
    """``compute(*columns)`` over the images."""
    samples = min(params.score.resamples, FEWER_DRAWS)
    found = bootstrap_statistic(compute, *columns, samples=samples, seed=params.seed)
    return of_interval(experiment, row, metric, found)


def of_interval(experiment: str, row: str, metric: str, interval: Interval) -> Row:
    family = max((name for name in KINDS if metric.startswith(name)), key=len, default="")
    unit, direction = KINDS.get(family, ("", ""))
    return (f"{experiment}/{row}", metric, *interval, unit, direction)


def number(experiment: str, row: str, metric: str, value: float, n: int) -> Row:
    """A number without an interval, such as a p-value."""
    return (f"{experiment}/{row}", metric, value, np.nan, np.nan, n, "", "")


def metrics_table(rows: Iterable[Row]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=METRIC_COLUMNS)


def write_metrics(out: Path, rows: Iterable[Row]) -> dict[str, Any]:
    """Write metrics.parquet; the values by row and metric, which is what an experiment returns."""
    metrics = metrics_table(rows)
    write_parquet(out / "metrics.parquet", metrics)
    return {f"{row.run} {row.metric}": row.value for row in metrics.itertuples()}
