"""What analyses share: human maps, rows of questions, means with intervals, metrics."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from project.human_maps import read_human_maps
from project.params import Params
from project.workspace import Workspace
from vqax.data import Example
from vqax.errors import BadData
from vqax.files import write_parquet
from vqax.report.columns import METRIC_COLUMNS
from vqax.stats.bootstrap import Interval, bootstrap_mean


def human_maps_of(workspace: Workspace, dataset: str, analysis: str) -> dict[int, np.ndarray]:
    """Question id -> its human attention maps (k,14,14).

    Raises:
        BadData: the data set has none; ``analysis`` is what asks for them.
    """
    human_maps = read_human_maps(workspace.dataset(dataset) / "human_maps.h5")
    if not human_maps:
        raise BadData(
            f"{workspace.dataset(dataset)}: no human attention maps, which the analysis {analysis} "
            "asks for; take it out of params.yaml or name a data set that has them"
        )
    return human_maps


def asked_table(examples: list[Example]) -> pd.DataFrame:
    """A row per question: its id, its image and its types."""
    rows = [(e.question_id, e.image_id, e.question_type, e.answer_type) for e in examples]
    return pd.DataFrame(rows, columns=["question_id", "image_id", "question_type", "answer_type"])


def column_mean(table: pd.DataFrame, column: str, params: Params) -> Interval:
    """``mean_of`` a column of a table with a column image_id."""
    return mean_of(table[column].to_numpy(dtype=np.float64), table["image_id"].to_numpy(), params)


def mean_of(values: np.ndarray, images: np.ndarray, params: Params) -> Interval:
    """The mean over questions that is not NaN; images are resampled whole for its interval."""
    return bootstrap_mean(values, samples=params.score.resamples, seed=params.seed, clusters=images)


def write_metrics(out: Path, rows: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    """Write metrics.parquet; the values by row and metric, which is what an analysis returns."""
    metrics = pd.DataFrame(list(rows), columns=METRIC_COLUMNS)
    write_parquet(out / "metrics.parquet", metrics)
    return {f"{row.run} {row.metric}": row.value for row in metrics.itertuples()}
