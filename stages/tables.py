"""The tidy tables: what was measured beside what the papers print."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

import studies
from project.differences import run_difference
from project.floors import floor_cells, share_cell
from project.merged_rows import mean_of_two
from project.params import Params, named
from project.schema import RowSource, spelled_out
from project.study import HELD_OUT, Measured
from project.workspace import Workspace
from vqax.errors import UsageError
from vqax.report.labels import label_of
from vqax.report.numbers import number
from vqax.report.tables import (
    MEASURED,
    join_published,
    no_table,
    published_table,
)

GAINS = {
    "accuracy_all": "accuracy_official",
    "rank_correlation": "attention_rank_correlation",
    "emd": "attention_emd",
    "top2_distance": "margin",
}
CELL = ["table", "row", "metric", *MEASURED, "unit", "note"]


def tables(measured: Measured) -> dict[str, pd.DataFrame]:
    """Table -> a row per printed or measured number of it."""
    by_run = {name: table.set_index("metric") for name, table in measured.metrics.groupby("run")}
    result = {}
    for table, rows in measured.study.rows.items():
        cells = [
            cell
            for row, source in rows.items()
            for cell in _cells(measured, table, row, source, by_run)
        ]
        cells += floor_cells(measured, table, rows, _metrics_of(table))
        extra_rows = {row for row, _ in spelled_out(measured.study.extra_tables.get(table, {}))}
        extra_rows |= {cell["row"] for cell in cells} - set(rows)
        result[table] = join_published(
            pd.DataFrame(cells, columns=CELL),
            _published(measured.workspace, table),
            extra_rows=extra_rows,
        )
    return result


def _cells(
    measured: Measured, table: str, row: str, source: RowSource, by_run: dict[str, pd.DataFrame]
) -> list[dict[str, Any]]:
    """The numbers of one row: levels, then gains over the run that the study names for it."""

    def measured_by(name: str) -> pd.DataFrame:
        if name not in by_run:
            raise UsageError(
                f"params.yaml: studies.{measured.name}: row {row!r} of {table} asks for {name}, of "
                "which there is no measurement (a data set without human maps has no people to "
                f"compare with); take the row out, or one of {', '.join(by_run)}"
            )
        return by_run[name]

    metrics = source.metrics
    if metrics is None:
        metrics = _metrics_of(table)
    names = [name for name in (source.run, source.average_with) if name is not None]
    values, *second = map(measured_by, names)
    if second:
        values = mean_of_two(measured, *names, metrics=tuple(metrics.values()))
    dataset = " + ".join(map(measured.dataset_label, names))
    if source.more is not None:
        rest = measured_by(source.more)
        values = pd.concat([values, rest.loc[rest.index.difference(values.index)]])
    cells = [
        {
            **{"table": table, "row": row, "metric": metric, "dataset": dataset},
            **values.loc[measure, ["value", "ci_low", "ci_high", "n", "unit", "seeds"]],
            "note": "; ".join(
                filter(None, [studies.notes().get(metric), _by_seed(metric, values, measure)])
            ),
        }
        for metric, measure in metrics.items()
        if measure in values.index
    ]
    cells += share_cell(measured, source.run, metrics, cells)
    if source.gap_to is not None:
        cells.append(_gap(measured, table, row, source.gap_to, source.run))
    baseline = measured.study.baseline_differences.get(table)
    if baseline and source.run in measured.questions and source.run != baseline:
        cells += _gains(measured, table, row, source.run, baseline)
    return cells


def _metrics_of(table: str) -> Mapping[str, str]:
    return named(studies.tables(), table, "table", "studies").metrics


def _by_seed(metric: str, values: pd.DataFrame, measure: str) -> str:
    """The value of each training in the unit of the table; nothing where there is one."""
    if values.loc[measure, "by_seed"] is None or values.loc[measure, "seeds"] == 1:
        return ""
    label = label_of(metric)
    each = (number(value * label.scale, label.digits) for value in values.loc[measure, "by_seed"])
    return f"by seed: {', '.join(each)}"


def _gap(measured: Measured, table: str, row: str, above: str, run: str) -> dict[str, Any]:
    """How much less the run has of accuracy than ``above``."""
    gap = _difference(measured, "accuracy_official", above, run)
    return {"table": table, "row": row, "metric": "accuracy_all_gap", **gap}


def _gains(
    measured: Measured, table: str, row: str, run: str, baseline: str
) -> list[dict[str, Any]]:
    """What the run adds to the baseline."""
    row_of = {source.run: row for row, source in measured.study.rows[table].items()}
    return [
        {
            **{"table": table, "row": row, "metric": f"{metric}_gain"},
            **_difference(measured, measure, run, baseline),
            "note": f"minus {row_of.get(baseline, baseline)}, paired by question",
        }
        for metric, measure in GAINS.items()
        if all(measure in measured.questions[one] for one in (run, baseline))
    ]


def _difference(measured: Measured, measure: str, first: str, second: str) -> dict[str, Any]:
    """First minus second run, over the questions that both answered."""
    found = run_difference(measured, measure, first, second)
    return {
        **{"dataset": measured.dataset_label(first), "value": found.difference.estimate},
        **{"ci_low": found.low, "ci_high": found.high, "n": found.n},
        "unit": "fraction" if measure.startswith("accuracy") else "",
        "seeds": min(found.difference.seeds_a, found.difference.seeds_b),
    }


def _published(workspace: Workspace, table: str) -> pd.DataFrame:
    """What the paper prints; nothing for a table of our own."""
    paper, _, name = table.partition("/")
    path = workspace.published(paper) / f"table_{name}.csv"
    return published_table(path) if path.exists() else no_table()


def reported_pairs(
    params: Params, study: str, proposed: str, baseline: str
) -> tuple[tuple[str, str, str], ...]:
    """(table, row of ``proposed``, row of ``baseline``) wherever a table prints both."""
    pairs = []
    for table in params.study(study).tables:
        rows = params.study(study).rows[table]
        row_of = {source.run: row for row, source in rows.items()}
        if proposed in row_of and baseline in row_of:
            pairs.append((table, row_of[proposed], row_of[baseline]))
    return tuple(pairs)


def rules_of(params: Params, tidy: pd.DataFrame) -> dict[str, str]:
    """Data set, by its name in the table -> the rule of its accuracies; none without accuracies."""
    accuracies = tidy[tidy["metric"].str.startswith("accuracy") & tidy["value"].notna()]
    names = {
        name.removesuffix(HELD_OUT)
        for both in accuracies["dataset"].unique()
        for name in both.split(" + ")
    }
    return {
        spec.label: spec.accuracy
        for spec in params.datasets.values()
        if names & {spec.label, spec.label.removesuffix(" test")}
    }
