"""What answers or points without looking, as stage ``agreement`` left it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from project.schema import RowSource
from project.study import Measured
from vqax.files import read_parquet

PRIORS = {
    "question_type_prior": "question-type prior",
    "random_predictions": "random predictions",
}
"""Rows of accuracy: the most frequent answer of the question type in train, or one drawn from all
of them."""

MAPS = {
    "other_question": "other question",
    "mean_human_map": "mean human map",
    "centred_gaussian": "centred Gaussian",
    "uniform_noise": "uniform noise",
}
"""Rows of agreement with human attention."""

FLOORS = PRIORS | MAPS


def floor_questions(measured: Measured) -> dict[str, dict[str, pd.DataFrame]]:
    """Data set -> DATASET/floor -> a row per test question, for the data sets of the runs."""
    datasets = dict.fromkeys(measured.params.run(run).dataset for run in measured.runs)
    floors = {}
    for dataset in datasets:
        path = measured.workspace.agreement(dataset) / "questions.parquet"
        if path.exists():
            rows = read_parquet(path).groupby("row", sort=False)
            floors[dataset] = {f"{dataset}/{row}": table for row, table in rows if row in FLOORS}
    return floors


def floor_labels(floors: dict[str, dict[str, pd.DataFrame]]) -> dict[str, str]:
    """DATASET/floor -> its name for a reader."""
    names = (name for tables in floors.values() for name in tables)
    return {name: FLOORS[name.rpartition("/")[2]] for name in names}


def floor_cells(
    measured: Measured, table: str, rows: Mapping[str, RowSource], metrics: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The rows that ``table`` is read against: of its metrics, by the data sets of its runs.

    A floor that a row of the table has already (random maps) is not added again. Where runs are of
    several data sets, rows name theirs.
    """
    params = measured.params
    datasets = dict.fromkeys(
        params.run(source.run).dataset for source in rows.values() if source.run in params.runs
    )
    there = {source.run for source in rows.values()}
    cells = []
    for dataset in datasets:
        label = params.datasets[dataset].label
        for row, values in _floor_metrics(measured, dataset).items():
            if not {f"{dataset}/{row}", f"{dataset}/{SAME.get(row, row)}"} & there:
                name = FLOORS[row] if len(datasets) == 1 else f"{FLOORS[row]} | {label}"
                cells += _cells_of({"table": table, "row": name, "dataset": label}, values, metrics)
    return cells


def share_cell(
    measured: Measured, run: str, metrics: Mapping[str, str], cells: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """How far on the way from the best floor to other people the attention of ``run`` agrees.

    Nothing where the table has no such metric, or its data set no human maps.
    """
    printed = next((name for name, measure in metrics.items() if measure == CORRELATION), None)
    cell = next((one for one in cells if one["metric"] == printed), None)
    if cell is None or run not in measured.params.runs:
        return []
    path = measured.workspace.agreement(measured.params.run(run).dataset) / "metrics.parquet"
    table = read_parquet(path) if path.exists() else NO_METRICS
    table = table[table["metric"] == CORRELATION]
    values = dict(zip(table["run"].str.rpartition("/")[2], table["value"], strict=True))
    floors = [values[name] for name in MAPS if name in values]
    if not floors or not values.get(HUMAN, float("nan")) > max(floors):
        return []
    way = values[HUMAN] - max(floors)
    ends = {key: (cell[key] - max(floors)) / way for key in ("value", "ci_low", "ci_high")}
    return [{**cell, **ends, "metric": "share_of_ceiling", "unit": "", "note": ""}]


HUMAN, CORRELATION = "human", "attention_rank_correlation"
NO_METRICS = pd.DataFrame(columns=["run", "metric", "value"])
SAME = {"uniform_noise": "random"}
"""Floors that have an older name in tables."""


def _cells_of(
    head: dict[str, Any], values: pd.DataFrame, metrics: Mapping[str, str]
) -> list[dict[str, Any]]:
    columns = ["value", "ci_low", "ci_high", "n", "unit"]
    return [
        {**head, "metric": metric, **values.loc[measure, columns], "seeds": None, "note": ""}
        for metric, measure in metrics.items()
        if measure in values.index
    ]


def _floor_metrics(measured: Measured, dataset: str) -> dict[str, pd.DataFrame]:
    """Floor -> its metrics, by metric."""
    path = measured.workspace.agreement(dataset) / "metrics.parquet"
    if not path.exists():
        return {}
    table = read_parquet(path)
    rows = table["run"].str.rpartition("/")[2]
    return {row: part.set_index("metric") for row, part in table.groupby(rows) if row in FLOORS}
