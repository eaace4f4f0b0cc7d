"""A tidy table for a terminal: the best value in bold, intervals dim, reported values beside.

A table too wide for the terminal gets its intervals on lines of their own; one that is still too
wide becomes several, each with some of the metrics.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from vqax.report.captions import Captions
from vqax.report.labels import label_of, reported_number
from vqax.report.numbers import number
from vqax.report.tables import UNNAMED, Rules, caption_of, comparable, rows_of, seeds_of

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

PADDING = 2
LONGEST_ROW = 28
SEEDS = "seeds"
NONE = "–"


@dataclass(frozen=True)
class Cell:
    """The texts of a cell; ``interval`` and ``reported`` may be empty."""

    value: str
    interval: str
    reported: str
    best: bool

    def width(self, *, stacked: bool) -> int:
        first = len(self.value) + (3 + len(self.reported) if self.reported else 0)
        interval = len(self.interval)
        return max(first, interval) if stacked else first + (1 + interval if interval else 0)


@dataclass(frozen=True)
class Column:
    """A metric: its heading, and its cell in each row."""

    heading: str
    cells: Mapping[str, Cell]

    def width(self, *, stacked: bool) -> int:
        return max(
            len(self.heading), *(cell.width(stacked=stacked) for cell in self.cells.values())
        )


def parts(
    tidy: pd.DataFrame,
    rules: Rules,
    captions: Captions = UNNAMED,
    *,
    width: int,
    references: Collection[str] = (),
) -> Iterator["Table | Text"]:
    """What rich prints: the caption, the table or tables, and what the marks mean.

    ``references`` are rows that compete with none, such as human attention and random maps.

    Raises:
        UsageError: more than one table.
    """
    from rich.text import Text

    columns = [column_of(tidy, metric, references) for metric in tidy["metric"].unique()]
    rows = {row: seeds_of(cells.values()) or NONE for row, cells in rows_of(tidy)}
    yield Text(caption_of(tidy, rules, captions), style="bold")
    label = min(LONGEST_ROW, max(map(len, rows)))
    label += PADDING + max(map(len, (SEEDS, *rows.values())))
    stacked = label + _needed(columns, stacked=False) > width
    for block in blocks(columns, width - label - PADDING, stacked=stacked):
        yield table_of(rows, block, stacked=stacked)
    yield Text(legend(columns), style="dim")


def column_of(tidy: pd.DataFrame, metric: str, references: Collection[str]) -> Column:
    """The cells of a metric; ties share the mark of the best, where there may be one."""
    label = label_of(metric)
    cells = {row: each[metric] for row, each in rows_of(tidy) if metric in each}
    measured = {
        row: cell
        for row, cell in cells.items()
        if pd.notna(cell["value"]) and row not in references
    }
    values = {row: float(cell["value"]) for row, cell in measured.items()}
    best = math.nan  # which no value is
    if label.direction and measured and comparable(pd.DataFrame(list(measured.values()))):
        best = (max if label.direction == "higher" else min)(values.values())
    return Column(
        f"{label.heading} {label.arrow}".strip(),
        {row: cell_of(cell, metric, best=values.get(row) == best) for row, cell in cells.items()},
    )


def cell_of(cell: pd.Series, metric: str, *, best: bool) -> Cell:
    digits = label_of(metric).digits
    value, low, high = (number(cell[name], digits) for name in ("value", "ci_low", "ci_high"))
    interval = "" if NONE in (value, low, high) else f"[{low}, {high}]"
    reported = reported_number(cell["reported"], metric)
    is_best = best and value != NONE
    return Cell(value, interval, "" if reported == NONE else reported, is_best)


def blocks(columns: Sequence[Column], width: int, *, stacked: bool) -> Iterator[list[Column]]:
    """As many columns as fit beside each other, at least one."""
    block: list[Column] = []
    for column in columns:
        if block and _needed([*block, column], stacked=stacked) > width:
            yield block
            block = []
        block.append(column)
    yield block


def _needed(columns: Sequence[Column], *, stacked: bool) -> int:
    return sum(PADDING + column.width(stacked=stacked) for column in columns)


def table_of(rows: Mapping[str, str], columns: Sequence[Column], *, stacked: bool) -> "Table":
    """Each of the ``rows``, a name with its number of trainings, below the headings."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("", overflow="fold", max_width=LONGEST_ROW)
    table.add_column(SEEDS, justify="right", no_wrap=True)
    for column in columns:
        table.add_column(
            column.heading, justify="right", min_width=column.width(stacked=stacked), no_wrap=True
        )
    for row, seeds in rows.items():
        cells = (column.cells.get(row) for column in columns)
        table.add_row(row, seeds, *(text_of(cell, stacked=stacked) for cell in cells))
    return table


def text_of(cell: Cell | None, *, stacked: bool) -> "Text":
    """``58.5 [56.2, 60.8] | 63.8``, or the interval on a line of its own."""
    from rich.text import Text

    if cell is None:
        return Text("")
    text = Text(cell.value, style="bold" if cell.best else "")
    interval = Text(cell.interval, style="not bold dim")
    if cell.interval and not stacked:
        text = Text.assemble(text, " ", interval)
    if cell.reported:
        text = Text.assemble(text, Text(f" | {cell.reported}", style="not bold italic"))
    return Text.assemble(text, "\n", interval) if cell.interval and stacked else text


def legend(columns: Sequence[Column]) -> str:
    """What bold, brackets and the second number are, of those that there are."""
    cells = [cell for column in columns for cell in column.cells.values()]
    said = {
        "bold: the best measured here": any(cell.best for cell in cells),
        "[ ]: 95 % interval": any(cell.interval for cell in cells),
        "| reported by the paper": any(cell.reported for cell in cells),
    }
    return "; ".join(text for text, is_there in said.items() if is_there)
