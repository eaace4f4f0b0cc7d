"""Examples as one Parquet file: what ``prepare`` leaves, so that no later stage parses JSON again.

Texts that repeat (types, answers) are held once, in the file and in memory.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from vqax.data.records import Example
from vqax.files import ABSENT, atomic_path
from vqax.foreign import reading

SCHEMA = pa.schema(
    [
        *((name, pa.int64()) for name in ("question_id", "image_id")),
        *((name, pa.string()) for name in ("question", "question_type", "answer_type")),
        ("multiple_choice_answer", pa.string()),
        ("answers", pa.list_(pa.string())),
    ]
)
"""The fields of ``Example``; ``answers`` in ``answer_id`` order."""
REPEATED = ("question_type", "answer_type", "multiple_choice_answer", "answers")
ROWS = 1 << 16
"""Of the file that are in memory as arrays at a time."""


def write_examples(path: Path, examples: Sequence[Example]) -> None:
    """Write a row for each example, in their order; the same examples give the same bytes."""
    columns = {
        name: pa.array([getattr(example, name) for example in examples], SCHEMA.field(name).type)
        for name in SCHEMA.names
    }
    with atomic_path(path) as temporary:
        pq.write_table(pa.table(columns, schema=SCHEMA), temporary, row_group_size=ROWS)


def read_examples(path: Path) -> list[Example]:
    """The examples in the order in which they were written.

    Raises:
        MissingArtefact: there is no such file.
        BadData: it is cut, is not Parquet, or lacks a column or a value.
    """
    remedy = "the file is cut or damaged, make it again"
    with reading(path, "a Parquet file of questions", remedy, absent=ABSENT, output=path):
        file, examples = pq.ParquetFile(path), list[Example]()
        with file, _no_collection():
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=SCHEMA.names)
                examples += map(Example, *(_values(table, name) for name in SCHEMA.names))
        return examples


def _values(table: pa.Table, name: str) -> list[object]:
    """The cells of a column as Python has them.

    Raises:
        ValueError: it is of another kind than ``SCHEMA`` says, or holds nothing in some row.
    """
    column, kind = table[name].combine_chunks(), SCHEMA.field(name).type
    if column.type != kind:
        raise ValueError(f"{name} holds {column.type}, not {kind}")
    cells = column.flatten() if pa.types.is_list(kind) else column
    if empty := column.null_count or cells.null_count:
        raise ValueError(f"{name} holds nothing in {empty} places")
    if pa.types.is_list(kind):
        texts = _shared(cells)
        ends = np.cumsum(column.value_lengths().to_numpy()).tolist()
        return [tuple(texts[a:b]) for a, b in pairwise([0, *ends])]
    values: list[object] = _shared(column) if name in REPEATED else column.to_pylist()
    return values


def _shared(texts: pa.StringArray) -> list[object]:
    """Texts as Python has them; equal ones are one object."""
    coded = texts.dictionary_encode()
    words = np.array([*coded.dictionary.to_pylist(), None], dtype=object)[:-1]
    shared: list[object] = words[coded.indices.to_numpy()].tolist()
    return shared


@contextmanager
def _no_collection() -> Iterator[None]:
    """Have Python look for no cycles among a million new records, none of which is in one."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
