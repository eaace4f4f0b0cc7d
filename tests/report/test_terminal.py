"""A table in a terminal: best in bold, intervals dim, what the paper reports beside it."""

import io
import re

import pandas as pd
import pytest
from rich.console import Console

from vqax.report.tables import COLUMNS
from vqax.report.terminal import blocks, column_of, parts

METRICS = {"accuracy_all": 100.0, "emd": 1.0, "uncertainty": 1.0}
ROWS = ["plain", "A", "B", "a row with a very long name that has to be broken", "human"]


def tidy(**changes: dict[tuple[str, str], float | None]) -> pd.DataFrame:
    """Five rows of three metrics; ``value`` is 1 to 5 hundredths in the order of the rows."""
    lines = []
    for metric, scale in METRICS.items():
        for place, row in enumerate(ROWS, start=1):
            value = place * scale / 100
            line = dict.fromkeys(COLUMNS, None) | {
                "table": "ucam/II", "row": row, "dataset": "Scenes", "metric": metric,
                "value": value, "ci_low": value - 0.001, "ci_high": value + 0.001, "n": 9,
                "seeds": 3, "reported": 2 * value, "reported_dataset": "VQA v1",
            }  # fmt: skip
            for column, cells in changes.items():
                line[column] = cells.get((row, metric), line[column])
            lines.append(line)
    return pd.DataFrame(lines)[COLUMNS]


def shown(table: pd.DataFrame, width: int, *references: str, styles: bool = False) -> str:
    out = io.StringIO()
    system = "standard" if styles else None
    console = Console(file=out, width=width, force_terminal=styles, color_system=system)
    console.print(*parts(table, {}, width=width, references=references), sep="\n")
    return out.getvalue()


def bold_cells(table: pd.DataFrame, metric: str, *references: str) -> list[str]:
    column = column_of(table, metric, references)
    return [row for row, cell in column.cells.items() if cell.best]


def test_the_best_is_bold_in_the_direction_of_the_metric() -> None:
    table = tidy()
    assert bold_cells(table, "accuracy_all") == ["human"]
    assert bold_cells(table, "accuracy_all", "human") == [ROWS[3]]
    assert bold_cells(table, "emd") == ["plain"]
    assert bold_cells(table, "uncertainty") == []
    assert bold_cells(table, "uncertainty", "human") == []


def test_of_equal_values_all_are_best_and_of_one_none() -> None:
    equal = {("A", "accuracy_all"): 5.0}
    assert bold_cells(tidy(value=equal), "accuracy_all") == ["A", "human"]
    alone = {(row, "accuracy_all"): None for row in ROWS[1:]}
    assert bold_cells(tidy(value=alone), "accuracy_all") == []


def test_nothing_is_best_of_fewer_than_three_trainings_or_over_two_data_sets() -> None:
    assert bold_cells(tidy(seeds={("plain", "emd"): 2}), "emd") == []
    assert bold_cells(tidy(dataset={("A", "emd"): "Scenes v2"}), "emd") == []


def test_bold_and_dim_are_the_only_marks_of_a_cell() -> None:
    text = shown(tidy(), 120, "human", styles=True)
    assert f"\x1b[1m{4.0}\x1b[0m" in text
    assert "\x1b[2m[4.0, 4.0]\x1b[0m" in text
    assert "\x1b[3m | 8.0" in text
    assert "31m" not in text


@pytest.mark.parametrize("width", [40, 60, 80, 120, 300])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut(width: int) -> None:
    text = shown(tidy(), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    numbers = re.findall(r"\d\.\d+", text)
    assert all(re.search(rf"^{row} +3 ", text, re.MULTILINE) for row in ("plain", "A", "B"))
    assert len(numbers) == len(ROWS) * len(METRICS) * 4
    for metric in ("All ↑", "EMD ↓", "uncertainty"):
        assert text.count(metric) == 1


def test_a_wide_terminal_has_a_line_a_row_and_a_narrow_one_several_tables() -> None:
    wide, narrow = shown(tidy(), 300), shown(tidy(), 45)
    assert sum(line.startswith("plain") for line in wide.splitlines()) == 1
    assert "1.0 [1.0, 1.0] | 2.0" in wide
    assert sum(line.startswith("plain") for line in narrow.splitlines()) > 1


def test_what_is_reported_alone_has_a_dash_and_what_is_not_there_nothing() -> None:
    nothing = dict.fromkeys([("A", "emd"), ("B", "emd")])
    table = tidy(value=nothing, reported={("B", "emd"): None, ("A", "emd"): 0.5})
    column = column_of(table, "emd", ())
    assert (column.cells["A"].value, column.cells["A"].reported) == ("–", "0.500")
    assert (column.cells["B"].value, column.cells["B"].reported) == ("–", "")


def test_the_legend_speaks_of_what_there_is() -> None:
    unreported = {(row, metric): None for row in ROWS for metric in METRICS}
    assert "reported" in shown(tidy(), 120)
    assert "| reported" not in shown(tidy(reported=unreported), 120)


def test_blocks_hold_every_column_once_in_order() -> None:
    columns = [column_of(tidy(), metric, ()) for metric in METRICS]
    for width in range(5, 90, 5):
        each = list(blocks(columns, width, stacked=True))
        assert [column for block in each for column in block] == columns
        assert all(each)
