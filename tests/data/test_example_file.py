"""Examples in Parquet: the same records as the official JSON gives."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vqax.data.example_file import read_examples, write_examples
from vqax.data.records import Example
from vqax.errors import BadData, MissingArtefact

WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
FIELDS = st.tuples(WHOLE, WHOLE, TEXT, TEXT, TEXT, TEXT, st.lists(TEXT, max_size=12).map(tuple))


def example(number: int = 1) -> Example:
    return Example(number, 2, "Is it?", "is it", "yes/no", "yes", ("yes", "no") * 5)


@given(st.lists(FIELDS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_read_is_what_was_written(tmp_path: Path, fields: list[tuple]) -> None:
    examples = [Example(*values) for values in fields]
    write_examples(tmp_path / "train.parquet", examples)
    assert read_examples(tmp_path / "train.parquet") == examples


def test_more_rows_than_a_group_holds(tmp_path: Path) -> None:
    path = tmp_path / "test.parquet"
    examples = [example(number) for number in range(7)]
    write_examples(path, examples)
    pq.write_table(pq.read_table(path), path, row_group_size=2)
    assert read_examples(path) == examples
    first = read_examples(path)[0].answers
    assert first[0] is first[2]  # ten answers to each of 600,000 questions: a text is held once


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"answers": pa.array(["yes"])}, "answers holds string"),
        ({"question_id": pa.array(["one"])}, "question_id holds string"),
        ({"question": pa.array([None], pa.string())}, "question holds nothing in 1"),
        ({"answers": pa.array([["yes", None]])}, "answers holds nothing in 1"),
    ],
)
def test_a_damaged_table_is_one_sentence(tmp_path: Path, change: dict, words: str) -> None:
    path = tmp_path / "train.parquet"
    write_examples(path, [example()])
    table = pq.read_table(path)
    ((name, values),) = change.items()
    pq.write_table(table.set_column(table.schema.get_field_index(name), name, values), path)
    with pytest.raises(BadData, match=rf"train\.parquet: not .*{words}.*; .* make it again"):
        read_examples(path)
    pd.DataFrame({"question_id": [1]}).to_parquet(path)
    with pytest.raises(BadData, match=r"train\.parquet: not a Parquet file of questions"):
        read_examples(path)
    path.write_bytes(b"PAR1")
    with pytest.raises(BadData, match="make it again"):
        read_examples(path)
    path.unlink()
    with pytest.raises(MissingArtefact, match=r"train\.parquet"):
        read_examples(path)
