"""The report's tables as rows and cells ready to be laid out; every number is text here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vqax.metrics.metric import Metric
from vqax.report.best import BEST, DIFFERS, marks
from vqax.report.captions import dataset_name
from vqax.report.claims import ClaimRow, claim_rows
from vqax.report.content import FigureSection, ReportContent
from vqax.report.differences import Bar, bar
from vqax.report.labels import explained, label_of, reported_number, scale_of
from vqax.report.numbers import number
from vqax.stats.verdict import VERDICTS

NONE = "–"
MANY = 15  # rows without a run that a table bears
UNCERTAINTY = (
    "aleatoric",
    "epistemic",
    "predictive",
    "entropy",
    "evidential",
    "auroc",
    "ece",
    "brier",
    "aurc",
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A measured number with its interval, count and trainings, as text.

    ``best`` is the best of its column, ``differs`` one that differs from it; both only where
    there are enough trainings to say so.
    """

    value: str
    interval: str
    n: str
    seeds: str = ""
    best: bool = False
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """``name`` as printed, without the data set behind its last bar, which it is printed on."""

    name: str
    reported_on: str
    dataset: str
    measured: tuple[Cell | None, ...]
    published: tuple[str, ...]
    href: str = ""

    @property
    def seeds(self) -> str:
        """``3``, or ``1 to 3`` where its numbers are of different trainings; "" without a run."""
        counts = sorted({int(cell.seeds) for cell in self.measured if cell and cell.seeds})
        return " to ".join(map(str, dict.fromkeys([*counts[:1], *counts[-1:]])))

    @property
    def was_run(self) -> bool:
        return any(self.measured)


@dataclass(frozen=True, slots=True)
class Block:
    """One printed table: measured and published part, each with its data set."""

    name: str
    caption: str
    measured_on: str
    reported_on_dataset: str
    metrics: tuple[Metric, ...]
    counts: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    @property
    def measured_columns(self) -> list[int]:
        """The places of the metrics that any row measures."""
        places = range(len(self.metrics))
        return [i for i in places if any(row.measured[i] for row in self.rows)]

    @property
    def reported_columns(self) -> list[int]:
        """The places of the metrics of which the paper prints any number."""
        places = range(len(self.metrics))
        return [i for i in places if any(row.published[i] != NONE for row in self.rows)]

    @property
    def is_reported(self) -> bool:
        """Whether a paper prints any number of the table."""
        return any(text != NONE for row in self.rows for text in row.published)

    @property
    def parts(self) -> list[tuple[tuple[Row, ...], bool]]:
        """The rows to show, then those to fold: rows without a run, where they are ``MANY``."""
        absent = tuple(row for row in self.rows if not row.was_run)
        if len(absent) < MANY:
            return [(self.rows, False)]
        return [(tuple(row for row in self.rows if row.was_run), False), (absent, True)]


def headline(content: ReportContent) -> list[Block]:
    """One block per printed table, in the order of the frame."""
    return [
        _block(str(name), tidy, content)
        for name, tidy in content.headline.groupby("table", sort=False)
    ]


def _block(name: str, tidy: pd.DataFrame, content: ReportContent) -> Block:
    metrics = [str(metric) for metric in tidy["metric"].unique()]
    datasets = _unique(tidy["dataset"])
    marked = marks(tidy, content)
    rows = tuple(
        _row(str(row), cells, metrics, marked, content, several=len(datasets) > 1)
        for row, cells in tidy.groupby("row", sort=False)
    )
    counts = tuple(_count(tidy.loc[tidy["metric"] == metric, "n"]) for metric in metrics)
    return Block(
        name=name,
        caption=content.captions.of_table(name),
        measured_on=", ".join(map(dataset_name, datasets)),
        reported_on_dataset=", ".join(map(dataset_name, _unique(tidy["reported_dataset"]))),
        metrics=tuple(map(label_of, metrics)),
        counts=counts,
        rows=rows,
        notes=tuple(f"{row}: {note}" for row, note in _notes(tidy)),
    )


def _row(
    name: str,
    cells: pd.DataFrame,
    metrics: Sequence[str],
    marked: Mapping[tuple[str, str], str],
    content: ReportContent,
    *,
    several: bool,
) -> Row:
    by_metric = {str(cell["metric"]): cell for _, cell in cells.iterrows()}
    pairs = [(by_metric.get(metric), metric) for metric in metrics]
    system, _, reported_on = name.rpartition(" | ")
    named = bool(system) and dataset_name(reported_on) != reported_on
    table = str(cells["table"].iloc[0])
    return Row(
        name=_whose(system if named else name, table, content),
        reported_on=dataset_name(reported_on) if named else "",
        dataset=", ".join(_unique(cells["dataset"])) if several else "",
        measured=tuple(
            _cell(cell, label_of(metric), mark=marked.get((name, metric), ""))
            for cell, metric in pairs
        ),
        published=tuple(
            reported_number(None if cell is None else float(cell["reported"]), metric)
            for cell, metric in pairs
        ),
        href=content.explorer(content.row_runs.get((table, name), "")),
    )


def _whose(row: str, table: str, content: ReportContent) -> str:
    """``P-GCA (ours)`` of a paper is not of this page: ``P-GCA (U-CAM)``."""
    paper = table.partition("/")[0]
    return row.replace("(ours)", f"({content.captions.papers.get(paper, paper)})")


def _cell(
    cell: pd.Series | None, label: Metric, scale: float = 1.0, *, mark: str = ""
) -> Cell | None:
    if cell is None or pd.isna(cell["value"]):
        return None
    low, high = (number(scale * float(cell[key]), label.digits) for key in ("ci_low", "ci_high"))
    interval = "" if "–" in (low, high) else f"{low} to {high}"
    n = "" if pd.isna(cell["n"]) else f"{int(cell['n']):,}"
    seeds = cell.get("seeds")
    return Cell(
        number(scale * float(cell["value"]), label.digits),
        interval,
        n,
        "" if seeds is None or pd.isna(seeds) else str(int(seeds)),
        best=mark == BEST,
        differs=mark == DIFFERS,
    )


def _count(n: pd.Series) -> str:
    known = n.dropna().astype(int)
    if known.empty:
        return ""
    low, high = f"{known.min():,}", f"{known.max():,}"
    return f"n {low}" if low == high else f"n {low}–{high}"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawing as it stands in the page; widths are in rem."""

    svg: str
    caption: str
    width: int
    least: int


@dataclass(frozen=True, slots=True)
class Figures:
    """One figure of the paper with its drawings."""

    section: FigureSection
    drawings: tuple[Drawn, ...]


VERDICT_MEANS = {
    "supported": "Every comparison the claim makes lies, with its whole 95 % interval, on the side "
    "the paper says.",
    "contradicted": "At least one comparison lies, with its whole interval, on the other side.",
    "inconclusive": "Neither: with these trainings and questions the data do not decide.",
    "undecided": "Too few trainings to tell the methods apart, whatever the interval.",
    "not testable here": "What it compares was not measured in this study, or the test could not "
    "decide.",
}


@dataclass(frozen=True, slots=True)
class ClaimGroup:
    """The claims of one verdict, what the verdict means, and each claim's decisive interval."""

    verdict: str
    meaning: str
    rows: tuple[tuple[ClaimRow, Bar | None], ...]

    @property
    def anchor(self) -> str:
        return "claims-" + self.verdict.replace(" ", "-")


def claim_groups(content: ReportContent) -> list[ClaimGroup]:
    """The claims by verdict, in the order of ``VERDICTS``; only verdicts that were given."""
    rows = list(
        zip(
            claim_rows(content.claims, content.captions),
            map(_claim_bar, content.claims.to_dict("records")),
            strict=True,
        )
    )
    names = dict.fromkeys([*VERDICTS, *(row.verdict for row, _ in rows)])
    groups = [(name, tuple(row for row in rows if row[0].verdict == name)) for name in names]
    return [ClaimGroup(name, VERDICT_MEANS.get(name, ""), rows) for name, rows in groups if rows]


def _claim_bar(claim: Mapping[Any, Any]) -> Bar | None:
    low, high, value = (float(claim[key]) for key in ("ci_low", "ci_high", "difference"))
    if not np.isfinite([low, high, value]).all():
        return None
    return bar(low, high, value, reach=max(abs(low), abs(high), abs(value)))


def _unique(values: pd.Series) -> list[str]:
    return [str(value) for value in values.dropna().unique() if str(value)]


def _notes(tidy: pd.DataFrame) -> list[tuple[str, str]]:
    """Row and note, once each; a note shared by all rows of a table is said once for all."""
    pairs = [(str(row), str(note)) for row, note in zip(tidy["row"], tidy["note"], strict=True)]
    pairs = list(dict.fromkeys((row, note) for row, note in pairs if note and note != "nan"))
    sharing = Counter(note for _, note in pairs)
    rows = {note: [row for row, other in pairs if other == note] for note in sharing}
    everybody = tidy["row"].nunique()
    return [
        ("All rows" if len(names) == everybody else ", ".join(names), note)
        for note, names in rows.items()
    ]


@dataclass(frozen=True, slots=True)
class MetricTable:
    """Runs down, metrics across; a metric that no run has is left out."""

    metrics: tuple[Metric, ...]
    rows: tuple[tuple[str, str, tuple[Cell | None, ...]], ...]


def uncertainty(content: ReportContent) -> MetricTable:
    """The uncertainty metrics that were measured, in the order of ``UNCERTAINTY``."""
    measured = content.metrics.dropna(subset="value")
    present = [str(metric) for metric in measured["metric"].unique()]
    chosen = [m for name in UNCERTAINTY for m in present if m == name or m.startswith(f"{name}_")]
    return metric_table(content, chosen)


def metric_table(content: ReportContent, metrics: Sequence[str]) -> MetricTable:
    measured = content.metrics.dropna(subset="value")
    present = set(map(str, measured["metric"]))
    metrics = [metric for metric in metrics if metric in present]
    found = {(str(row["run"]), str(row["metric"])): row for _, row in measured.iterrows()}
    runs = [str(run) for run in content.metrics["run"].unique()]
    datasets = {run.name: run.dataset for run in content.runs}
    rows = tuple(
        (
            content.label(run),
            datasets.get(run, ""),
            tuple(_metric_cell(found.get((run, metric)), metric) for metric in metrics),
        )
        for run in runs
    )
    return MetricTable(tuple(map(label_of, metrics)), rows)


def _metric_cell(row: pd.Series | None, metric: str) -> Cell | None:
    unit = None if row is None else str(row["unit"])
    return _cell(row, label_of(metric), scale_of(metric, unit))


def meanings(content: ReportContent) -> list[Metric]:
    """The metrics that occur anywhere in the report and have an explanation, once each."""
    frames = (content.headline, content.pairs, content.metrics)
    names = dict.fromkeys(str(m) for frame in frames for m in frame["metric"].unique())
    labels = dict.fromkeys(map(explained, names))
    return [label for label in labels if label.meaning]


def honest_notes(content: ReportContent) -> list[str]:
    """The caveats given, and those that follow from the numbers themselves."""
    notes = list(content.caveats)
    seeds = content.headline["seeds"].dropna()
    if len(seeds) and int(seeds.max()) == 1:
        notes.append(
            "Every run was trained once. The intervals say how much a number could move with "
            "other questions, not with another random seed of the training; so no verdict is given."
        )
    if len(content.pairs):
        notes.append(
            "The intervals of differences are not corrected for making many comparisons; the "
            "column Nemenyi p is."
        )
    return notes
