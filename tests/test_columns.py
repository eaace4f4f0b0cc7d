"""Tables that stages hand to each other: a missing or empty column is a sentence."""

from pathlib import Path

import pandas as pd
import pytest

from vqax.columns import COLUMNS, columns_of
from vqax.errors import BadData
from vqax.files import read_parquet, write_parquet

ROOT = Path(__file__).resolve().parents[1]
METRICS = pd.DataFrame(
    {
        **{"run": ["mcb", "san"], "metric": ["accuracy", "emd"], "value": [0.5, None]},
        **{"ci_low": [0.4, None], "ci_high": [0.6, None], "n": [30, 0]},
    }
)


def written(folder: Path, table: pd.DataFrame, name: str = "metrics.parquet") -> Path:
    write_parquet(folder / name, table)
    return folder / name


def test_a_whole_table_is_read_with_its_undefined_values(tmp_path: Path) -> None:
    pd.testing.assert_frame_equal(read_parquet(written(tmp_path, METRICS)), METRICS)


@pytest.mark.parametrize("column", METRICS.columns)
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    path = written(tmp_path, METRICS.drop(columns=column))
    with pytest.raises(
        BadData, match=rf"metrics\.parquet: not .* lacks the column {column}; it has"
    ):
        read_parquet(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"run": [None, "san"]}, "run is empty in row 0"),
        ({"metric": ["accuracy", None]}, "metric is empty in row 1"),
        ({"metric": None}, "metric is empty in row 0"),
        ({"value": None}, "value holds object, not number"),
        ({"run": [1, 2]}, "run holds int64, not text"),
        ({"value": ["high", "low"]}, "value holds str, not number"),
        ({"n": [True, False]}, "n holds bool, not number"),
    ],
)
def test_a_column_of_another_kind_is_named(tmp_path: Path, changes: dict, message: str) -> None:
    path = written(tmp_path, METRICS.assign(**changes))
    with pytest.raises(BadData, match=rf"metrics\.parquet: not the table .*{message}"):
        read_parquet(path)


def test_ids_are_whole_numbers(tmp_path: Path) -> None:
    path = written(tmp_path, pd.DataFrame({"question_id": [1.5]}), "questions.parquet")
    with pytest.raises(BadData, match="question_id holds float64, not whole"):
        read_parquet(path)


def test_a_table_without_rows_has_no_kinds(tmp_path: Path) -> None:
    read_parquet(written(tmp_path, METRICS[:0].astype(object)))


@pytest.mark.parametrize("column", ["table", "row", "metric", "reported", "direction"])
def test_printed_tables_are_known_by_their_folder(tmp_path: Path, column: str) -> None:
    table = pd.read_parquet(ROOT / "results" / "headline" / "tables" / "ucam_II.parquet")
    path = tmp_path / "tables" / "ucam_II.parquet"
    write_parquet(path, table)
    read_parquet(path)
    write_parquet(path, table.drop(columns=column))
    with pytest.raises(BadData, match=f"lacks the column {column}"):
        read_parquet(path)


def test_the_committed_results_have_their_columns() -> None:
    paths = sorted((ROOT / "results").rglob("*.parquet"))
    assert len(paths) > 50
    for path in paths:
        read_parquet(path)
    assert sum(bool(columns_of(path)) for path in paths) > len(paths) / 2
    assert all(columns_of(Path(name)) for name in COLUMNS)
