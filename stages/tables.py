"""The tidy tables: what was measured beside what the papers print."""

from typing import Any

import pandas as pd

from stages.params import Params, named
from stages.people import read_human_maps
from stages.workspace import Workspace
from vqax.errors import UsageError
from vqax.files import read_parquet
from vqax.metrics.people import human_agreement
from vqax.metrics.rank_correlation import rank_correlation
from vqax.report.tables import (
    COLUMNS,
    join_published,
    published_table,
    to_csv,
    to_latex,
    to_markdown,
)
from vqax.stats.bootstrap import bootstrap_mean

FORMATS = {"markdown": to_markdown, "csv": to_csv, "latex": to_latex}
ACCURACIES = {
    f"accuracy_{kind}": f"accuracy_{kind}" for kind in ("all", "yes_no", "number", "other")
}
MAPS = {
    "rank_correlation": "attention_rank_correlation",
    "emd": "attention_emd",
    "histogram_emd": "attention_histogram_emd",
    "top2_distance": "margin",
}
PRINTED = {"ucam/I": ACCURACIES, "ucam/II": ACCURACIES, "ucam/IV": MAPS}
NOTES = {
    "emd": "ours is spatial, in fractions of the grid diagonal; the paper does not say which EMD",
    "histogram_emd": "1-D EMD between value histograms, the form of the same laboratory's code",
    "top2_distance": "top-2 softmax margin, our reading of the column CD",
}
HUMAN_ROW = ("ucam/IV", "Human [34]")


def headline(params: Params, workspace: Workspace, metrics: pd.DataFrame) -> pd.DataFrame:
    """One row per printed or measured number of the tables that params.yaml names."""
    if not params.tables:
        return pd.DataFrame(columns=COLUMNS)
    by_run = {name: table.set_index("metric") for name, table in metrics.groupby("run")}
    measured = [
        _cell(
            table,
            row,
            metric,
            by_run[run].loc[source],
            params.datasets[params.run(run).dataset].label,
        )
        for table, rows in params.tables.items()
        for row, run in rows.items()
        for metric, source in named(PRINTED, table, "table", "stages.tables.PRINTED").items()
        if source in by_run[run].index
    ]
    if HUMAN_ROW[0] in params.tables:
        measured += _people(params, workspace)
    published = pd.concat(published_table(_published(workspace, table)) for table in params.tables)
    return join_published(pd.DataFrame(measured), published)


def _published(workspace: Workspace, table: str) -> Any:
    return workspace.published / f"{table.replace('/', '_table_')}.csv"


def _cell(table: str, row: str, metric: str, value: pd.Series, dataset: str) -> dict[str, Any]:
    return {
        "table": table,
        "row": row,
        "metric": metric,
        "dataset": dataset,
        **{column: value[column] for column in ("value", "ci_low", "ci_high", "n", "unit")},
        "seeds": 1,
        "note": NOTES.get(metric, ""),
    }


def _people(params: Params, workspace: Workspace) -> list[dict[str, Any]]:
    """The ceiling: rank correlation between people, on the data set of the table's first run."""
    table, row = HUMAN_ROW
    dataset = params.run(next(iter(params.tables[table].values()))).dataset
    maps = read_human_maps(workspace.dataset(dataset) / "human_maps.h5")
    if not maps:
        return []
    values = pd.Series(human_agreement(maps, rank_correlation)).to_numpy()
    mean = bootstrap_mean(values, samples=params.score.resamples, seed=params.seed)
    value = pd.Series({"value": mean.value, "ci_low": mean.low, "ci_high": mean.high,
                       "n": mean.n, "unit": "Spearman's rho"})  # fmt: skip
    return [_cell(table, row, "rank_correlation", value, params.datasets[dataset].label)]


def printed_pairs(params: Params, proposed: str, baseline: str) -> tuple[tuple[str, str, str], ...]:
    """(table, row of ``proposed``, row of ``baseline``) wherever a table prints both."""
    pairs = []
    for table, rows in params.tables.items():
        row_of = {run: row for row, run in rows.items()}
        if proposed in row_of and baseline in row_of:
            pairs.append((table, row_of[proposed], row_of[baseline]))
    return tuple(pairs)


def render(workspace: Workspace, name: str | None, form: str) -> str:
    """Table ``name`` as Markdown, CSV or LaTeX; the names there are, without one.

    Raises:
        UsageError: no such table.
    """
    tidy = read_parquet(workspace.tables() / "headline.parquet")
    names = list(tidy["table"].unique())
    if name is None:
        return "\n".join(names)
    if name not in names:
        raise UsageError(f"{name}: no such table; there are {', '.join(names)}")
    return FORMATS[form](tidy[tidy["table"] == name])
