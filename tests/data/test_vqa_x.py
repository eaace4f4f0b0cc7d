"""VQA-X sentences, read and written, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vqax.data.records import Skipped
from vqax.data.vqa_x import read_explanations, write_explanations
from vqax.errors import BadData, MissingArtefact

PAST_ALL_IDS = 10**18
SENTENCES = st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=3)


def file(folder: Path, value: Any) -> Path:
    path = folder / "val_exp_anno.json"
    path.write_text(json.dumps(value))
    return path


@pytest.mark.parametrize(
    ("part", "questions", "sentences"),
    [("train", 29459, 31536), ("val", 1459, 4377), ("test", 1968, 5904)],
)
def test_the_official_files(shared: Path, part: str, questions: int, sentences: int) -> None:
    found = read_explanations(shared / "data" / "vqa_x" / f"{part}_exp_anno.json")
    assert len(found) == questions
    assert sum(map(len, found.values())) == sentences
    if part != "train":
        assert {len(said) for said in found.values()} == {3}


def test_an_official_file_is_written_as_it_was_read(shared: Path, tmp_path: Path) -> None:
    source = shared / "data" / "vqa_x" / "val_exp_anno.json"
    write_explanations(tmp_path / "again.json", read_explanations(source))
    assert json.loads((tmp_path / "again.json").read_text()) == json.loads(source.read_text())


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(said=st.dictionaries(st.integers(0, PAST_ALL_IDS - 1), SENTENCES, max_size=4))
def test_the_round_trip_is_exact(tmp_path: Path, name: str, said: dict[int, list[str]]) -> None:
    write_explanations(tmp_path / name, said)
    read = read_explanations(tmp_path / name)
    assert {key: list(sentences) for key, sentences in read.items()} == said


REFUSED = [
    ("seven", ["it is."], None, "is not a question_id; rename it to the number of its question"),
    ("07", ["it is."], None, "is not a question_id; rename it to the number of its question"),
    (
        str(PAST_ALL_IDS),
        ["it is."],
        None,
        "is not a question_id; rename it to the number of its question",
    ),
    (
        "9",
        ["it is."],
        {7, 8},
        "is not among the 2 questions of the split; delete it or give the split it belongs to",
    ),
    (
        "7",
        "it is.",
        None,
        "has 'it is.', not a list of sentences; take it from the official file again or delete it",
    ),
    (
        "7",
        [],
        None,
        "has [], not a list of sentences; take it from the official file again or delete it",
    ),
    (
        "7",
        ["it is.", None],
        None,
        "has the explanation None, not a sentence; "
        "take it from the official file again or delete it",
    ),
    (
        "7",
        [" "],
        None,
        "has the explanation ' ', not a sentence; "
        "take it from the official file again or delete it",
    ),
]


@pytest.mark.parametrize(("key", "sentences", "known", "reason"), REFUSED)
def test_an_unusable_entry_is_named_or_listed(
    tmp_path: Path, key: str, sentences: Any, known: set[int] | None, reason: str
) -> None:
    path = file(tmp_path, {"8": ["because."], key: sentences})
    with pytest.raises(BadData) as caught:
        read_explanations(path, known)
    assert str(caught.value) == f"{path}: question_id {key} {reason}"
    skipped: list[Skipped] = []
    assert read_explanations(path, known, skipped) == {8: ("because.",)}
    assert skipped == [(str(path), f"question_id {key}", reason)]


def test_a_cut_file(tmp_path: Path) -> None:
    path = file(tmp_path, {"8": ["because."]})
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(BadData, match=r"val_exp_anno\.json: not a whole JSON file .*fetch"):
        read_explanations(path)


def test_a_file_of_something_else(tmp_path: Path) -> None:
    path = file(tmp_path, [])
    with pytest.raises(BadData) as caught:
        read_explanations(path)
    assert str(caught.value) == (
        f"{path}: holds list, not an object of question ids; give an official *_exp_anno.json file"
    )


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(MissingArtefact, match=r"val_exp_anno\.json: no such file"):
        read_explanations(tmp_path / "val_exp_anno.json")
