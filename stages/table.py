"""``vqax table``: a table of a study as its stage ``compare`` left it, whole or in part."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

import studies
from project.params import Params, unknown
from project.tables import read_tables
from project.workspace import Workspace
from stages.tables import rules_of
from vqax.errors import UsageError
from vqax.report.labels import label_of
from vqax.report.tables import to_csv, to_latex, to_markdown

if TYPE_CHECKING:
    from rich.console import RenderableType

FORMATS = {"markdown": to_markdown, "csv": to_csv, "latex": to_latex}


class Chosen(NamedTuple):
    """A table of a study, or all of them where ``name`` is None."""

    study: str
    name: str | None
    tidy: pd.DataFrame
    rules: dict[str, str]
    references: frozenset[str]


def chosen(
    params: Params,
    workspace: Workspace,
    name: str | None,
    study: str,
    *,
    metrics: Sequence[str] = (),
    rows: Sequence[str] = (),
) -> Chosen:
    """Table ``name``, of it the ``metrics`` and the rows that hold one of ``rows``; all if none.

    Raises:
        UsageError: no such study, table or metric, or no such row in the table.
        MissingArtefact: the study was not compared yet.
    """
    params.study(study)
    tidy = read_tables(workspace, study)
    if name is not None:
        names = list(tidy["table"].unique())
        if name not in names:
            raise UsageError(unknown(name, names, "table", f"study {study}"))
        tidy = _of_rows(_of_metrics(tidy[tidy["table"] == name], metrics), rows)
    elif metrics or rows:
        raise UsageError("--metric, --row: of which table? Name it, such as ucam/II")
    return Chosen(study, name, tidy, rules_of(params, tidy), references_of(params, study, name))


def _of_metrics(tidy: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """By name or by heading, whatever the case."""
    headings = {name: label_of(name).heading.casefold() for name in tidy["metric"].unique()}
    kept = {
        name
        for wanted in metrics
        for name, heading in headings.items()
        if wanted.casefold() in (name.casefold(), heading)
    }
    for wanted in metrics:
        if wanted.casefold() not in {*headings.values(), *(name.casefold() for name in headings)}:
            raise UsageError(unknown(wanted, list(headings), "metric", "the table"))
    return tidy[tidy["metric"].isin(kept)] if metrics else tidy


def _of_rows(tidy: pd.DataFrame, rows: Sequence[str]) -> pd.DataFrame:
    names = list(tidy["row"].unique())
    for wanted in rows:
        if not any(wanted.casefold() in name.casefold() for name in names):
            raise UsageError(unknown(wanted, names, "row", "the table"))
    kept = [name for name in names if any(one.casefold() in name.casefold() for one in rows)]
    return tidy[tidy["row"].isin(kept)] if rows else tidy


def references_of(params: Params, study: str, name: str | None) -> frozenset[str]:
    """Rows that no run measures, but human attention or random maps: they compete with none."""
    rows = params.study(study).rows.get(name or "", {})
    return frozenset(
        row for row, source in rows.items() if source.run.partition("/")[0] in params.datasets
    )


def text_of(table: Chosen, form: str) -> str:
    """As Markdown, CSV or LaTeX; without a name, the names there are."""
    if table.name is None:
        return "\n".join(table.tidy["table"].unique())
    return FORMATS[form](table.tidy, table.rules, studies.captions())


def for_terminal(table: Chosen, width: int) -> "Iterator[RenderableType]":
    """What rich shows of a table in a terminal of this width."""
    from vqax.report.terminal import parts

    captions = studies.captions()
    return parts(table.tidy, table.rules, captions, width=width, references=table.references)


def data_of(table: Chosen) -> dict[str, Any]:
    """The cells as numbers, for a program; without a name, the names there are."""
    if table.name is None:
        return {"study": table.study, "tables": list(table.tidy["table"].unique())}
    cells = table.tidy.astype(object).where(table.tidy.notna(), None).drop(columns="table")
    return {
        "study": table.study,
        "table": table.name,
        "accuracy": table.rules,
        "cells": cells.to_dict("records"),
    }
