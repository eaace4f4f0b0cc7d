"""One forest plot: every comparison by every measure, each measure on one axis of levels.

A row shows the baseline at its own level and, from there, the difference with its interval; so it
is seen at once whether the interval contains the baseline, and how large the difference is beside
the way from the floor to the ceiling.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator

from vqax.metrics.metric import Metric
from vqax.report.answer import Finding, findings
from vqax.report.content import Comparison, Reference, ReportContent
from vqax.report.labels import label_of, scale_of
from vqax.report.numbers import number
from vqax.report.research import compared

LEVEL = {"accuracy_official": "accuracy_all"}
"""The level behind a paired difference, where it has another name."""

MARGIN = 4.0  # per cent of the width on either side
MOST_MEASURES = 5


@dataclass(frozen=True, slots=True)
class Interval:
    """Ends and middle of an interval, in per cent of the width."""

    low: float
    high: float
    value: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A floor or a ceiling, at a place in per cent of the width, with its level as text."""

    kind: str
    name: str
    place: float
    level: str


@dataclass(frozen=True, slots=True)
class ForestCell:
    """One comparison by one measure; ``earlier`` is the committed result."""

    finding: Finding
    baseline: float
    interval: Interval
    earlier: Interval | None
    earlier_text: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """A measure with the ticks of its axis, (place, text)."""

    label: Metric
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One comparison; None where it was not measured by a measure."""

    comparison: Comparison
    first: str
    second: str
    cells: tuple[ForestCell | None, ...]


@dataclass(frozen=True, slots=True)
class Forest:
    """Measures across, comparisons down."""

    axes: tuple[Axis, ...]
    rows: tuple[ForestRow, ...]
    has_floors: bool
    has_ceilings: bool
    has_earlier: bool


@dataclass(frozen=True, slots=True)
class _Level:
    """One cell before its axis is known: everything in the unit shown."""

    finding: Finding
    base: float
    earlier: Finding | None
    references: tuple[Reference, ...]

    @property
    def reach(self) -> list[float]:
        ends = [0.0, self.finding.low, self.finding.high]
        if self.earlier is not None:
            ends += [self.earlier.low, self.earlier.high]
        return [self.base + end for end in ends] + [one.value for one in self.references]


def forest(content: ReportContent) -> Forest:
    """The plot's places and texts; no row where nothing was compared."""
    compared_by = dict.fromkeys(one.finding.metric for one in compared(content))
    columns = {m: [_level(c, m, content) for c in content.comparisons] for m in compared_by}
    metrics = [metric for metric, column in columns.items() if any(column)][:MOST_MEASURES]
    levels = [[columns[m][i] for m in metrics] for i in range(len(content.comparisons))]
    spans = [_span([row[i] for row in levels]) for i in range(len(metrics))]
    rows = tuple(
        ForestRow(c, content.label(c.proposed), content.label(c.baseline), _cells(row, spans))
        for c, row in zip(content.comparisons, levels, strict=True)
        if any(row)
    )
    drawn = [cell for row in rows for cell in row.cells if cell is not None]
    kinds = {mark.kind for cell in drawn for mark in cell.marks}
    return Forest(
        tuple(_axis(metric, span) for metric, span in zip(metrics, spans, strict=True)),
        rows,
        "floor" in kinds,
        "ceiling" in kinds,
        any(cell.earlier is not None for cell in drawn),
    )


def _level(comparison: Comparison, metric: str, content: ReportContent) -> _Level | None:
    """The finding of a comparison with the level of its baseline; None where it has none."""
    finding = _finding(comparison, metric, content)
    base = _measured_level(content, comparison.baseline, metric)
    if finding is None or not np.isfinite([finding.low, finding.high]).all() or base is None:
        return None
    earlier = None
    if content.committed is not None:
        earlier = _finding(comparison, metric, content.with_pairs(content.committed))
    dataset = next((run.dataset for run in content.runs if run.name == comparison.baseline), "")
    scale = scale_of(metric, "fraction")
    references = tuple(
        Reference(one.dataset, one.name, one.metric, scale * one.value, one.kind)
        for one in content.references
        if one.dataset == dataset and one.metric in _names_of_level(metric)
    )
    return _Level(finding, base, earlier, _best_floor(references, label_of(metric)))


def _finding(comparison: Comparison, metric: str, content: ReportContent) -> Finding | None:
    return next((f for f in findings(comparison, content) if f.metric == metric), None)


def _names_of_level(metric: str) -> tuple[str, ...]:
    """A map metric of people carries no method in its name: ``rank_correlation``."""
    return LEVEL.get(metric, metric), metric.removeprefix("attention_")


def _measured_level(content: ReportContent, run: str, metric: str) -> float | None:
    table = content.metrics
    names = [LEVEL.get(metric, metric), metric]
    rows = table[(table["run"] == run) & table["metric"].isin(names)].dropna(subset="value")
    if rows.empty:
        return None
    return float(rows["value"].iloc[0]) * scale_of(metric, str(rows["unit"].iloc[0]))


def _best_floor(references: tuple[Reference, ...], label: Metric) -> tuple[Reference, ...]:
    """Of several floors the one that is hardest to beat, and the ceilings."""
    floors = [one for one in references if one.kind == "floor"]
    better = max if label.direction == "higher" else min
    best = [better(floors, key=lambda one: one.value)] if floors else []
    return (*best, *(one for one in references if one.kind != "floor"))


def _span(column: Sequence[_Level | None]) -> tuple[float, float]:
    reach = [end for level in column if level is not None for end in level.reach]
    low, high = (min(reach), max(reach)) if reach else (0.0, 1.0)
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _place(value: float, span: tuple[float, float]) -> float:
    share = (value - span[0]) / (span[1] - span[0])
    return round(MARGIN + (100.0 - 2 * MARGIN) * share, 2)


def _interval(finding: Finding, base: float, span: tuple[float, float]) -> Interval:
    ends = (finding.low, finding.high, finding.difference)
    return Interval(*(_place(base + end, span) for end in ends))


def _cells(
    levels: Sequence[_Level | None], spans: Sequence[tuple[float, float]]
) -> tuple[ForestCell | None, ...]:
    return tuple(
        None if level is None else _cell(level, span)
        for level, span in zip(levels, spans, strict=True)
    )


def _cell(level: _Level, span: tuple[float, float]) -> ForestCell:
    earlier = level.earlier
    return ForestCell(
        finding=level.finding,
        baseline=_place(level.base, span),
        interval=_interval(level.finding, level.base, span),
        earlier=None if earlier is None else _interval(earlier, level.base, span),
        earlier_text=""
        if earlier is None
        else f"{earlier.amount} {earlier.interval}, {earlier.trainings.sides} trainings a side",
        marks=tuple(
            Mark(
                one.kind,
                one.name,
                _place(one.value, span),
                number(one.value, level.finding.label.digits),
            )
            for one in level.references
        ),
    )


def _axis(metric: str, span: tuple[float, float]) -> Axis:
    label = label_of(metric)
    ticks = MaxNLocator(nbins=3, steps=[1, 2, 5, 10]).tick_values(*span)
    inside = [tick for tick in ticks if span[0] <= tick <= span[1]]
    digits = _tick_digits(inside)
    return Axis(label, tuple((_place(tick, span), number(tick, digits)) for tick in inside))


def _tick_digits(ticks: list[float]) -> int:
    return next((d for d in range(4) if all(abs(round(t, d) - t) < 1e-9 for t in ticks)), 4)
