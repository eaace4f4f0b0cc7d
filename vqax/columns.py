"""What must stand in the Parquet tables that one stage writes and another reads.

A table is known by its file name. Each column that readers rely on has a kind here; more columns
may stand beside them.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd


class Kind(NamedTuple):
    """``dtype`` is text, number or whole; where ``empty`` a cell may hold nothing."""

    dtype: str
    empty: bool = False


TEXT, NUMBER, WHOLE = Kind("text"), Kind("number", empty=True), Kind("whole")
TEXT_OR_NONE, COUNT = Kind("text", empty=True), Kind("number", empty=True)

QUESTION = {"question_id": WHOLE}
INTERVAL = {"value": NUMBER, "ci_low": NUMBER, "ci_high": NUMBER, "n": COUNT}
DIFFERENCE = {"difference": NUMBER, "ci_low": NUMBER, "ci_high": NUMBER, "n": COUNT}
COLUMNS: Mapping[str, Mapping[str, Kind]] = MappingProxyType(
    {
        "index.parquet": QUESTION | {"method": TEXT, "row": WHOLE, "file": TEXT},
        "images.parquet": {"image_id": WHOLE, "file": TEXT},
        "human_map_files.parquet": QUESTION | {"file": TEXT},
        "predictions.parquet": QUESTION | {"image_id": WHOLE, "answer": TEXT},
        "questions.parquet": QUESTION,
        "metrics.parquet": {"run": TEXT, "metric": TEXT} | INTERVAL,
        "history.parquet": {"epoch": WHOLE, "split": TEXT, "metric": TEXT, "value": NUMBER},
        "pairs.parquet": {"metric": TEXT, "run_a": TEXT, "run_b": TEXT} | DIFFERENCE,
        "ranks.parquet": {
            **{"set": TEXT, "measure": TEXT, "block": TEXT, "run": TEXT, "mean_rank": NUMBER},
            **{"n_blocks": COUNT, "k": COUNT, "cd": NUMBER, "friedman_chi2": NUMBER, "p": NUMBER},
        },
    }
)
TABLE: Mapping[str, Kind] = MappingProxyType(
    {
        **{"table": TEXT, "row": TEXT, "dataset": TEXT, "metric": TEXT, **INTERVAL},
        **{"seeds": COUNT, "reported": NUMBER, "reported_dataset": TEXT_OR_NONE},
        **{"direction": TEXT_OR_NONE, "note": TEXT_OR_NONE},
    }
)
"""Every file in a folder ``tables``."""

CLAIM: Mapping[str, Kind] = MappingProxyType(
    {
        **{"paper": TEXT, "claim_id": TEXT, "claim": TEXT, "verdict": TEXT},
        **{"difference": NUMBER, "ci_low": NUMBER, "ci_high": NUMBER, "n": COUNT, "p": NUMBER},
    }
)
"""``claims.parquet`` and the claims of one study."""


def columns_of(path: Path) -> Mapping[str, Kind]:
    """What the table at ``path`` must have; nothing where no reader has said so."""
    if path.parent.name == "tables":
        return TABLE
    if path.name == "claims.parquet" or (
        path.parent.name == "claims" and not path.stem.endswith("_comparisons")
    ):
        return CLAIM
    return COLUMNS.get(path.name, {})


def check_columns(table: pd.DataFrame, columns: Mapping[str, Kind]) -> None:
    """Raise where a reader would stumble.

    Raises:
        ValueError: a column is missing, of another kind, or has a cell that must not be empty.
    """
    missing = [name for name in columns if name not in table.columns]
    if missing:
        there = ", ".join(map(str, table.columns[:20])) or "none"
        raise ValueError(f"it lacks the column {', '.join(missing)}; it has {there}")
    for name, kind in columns.items():
        column = table[name]
        if not kind.empty and column.isna().any():
            raise ValueError(f"{name} is empty in row {int(column.isna().to_numpy().argmax())}")
        if not _is(column, kind.dtype):
            raise ValueError(f"{name} holds {column.dtype}, not {kind.dtype}")


def _is(column: pd.Series, dtype: str) -> bool:
    """Whether the cells are of the kind; a table without rows has no types."""
    if column.empty:
        return True
    if dtype == "text":
        filled = column.dropna()
        return filled.empty or pd.api.types.infer_dtype(filled) == "string"
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        return False
    return dtype == "number" or pd.api.types.is_integer_dtype(column)
