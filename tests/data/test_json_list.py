"""Lists of entries in plain and gzipped JSON."""

import gzip
import json
from pathlib import Path

import pytest

from vqax.data.json_list import read_any_json, read_entries, write_any_json
from vqax.errors import BadData, MissingArtefact

VALUE = {"questions": [{"question_id": 1, "question": "où est-il ?"}]}


@pytest.mark.parametrize("name", ["q.json", "q.json.gz"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    write_any_json(tmp_path / name, VALUE)
    assert read_any_json(tmp_path / name) == VALUE
    assert read_entries(tmp_path / name, "questions") == VALUE["questions"]


def test_the_same_value_gives_the_same_compressed_bytes(tmp_path: Path) -> None:
    write_any_json(tmp_path / "a.json.gz", VALUE)
    write_any_json(tmp_path / "b.json.gz", VALUE)
    first = (tmp_path / "a.json.gz").read_bytes()
    assert first == (tmp_path / "b.json.gz").read_bytes()
    assert first[4:8] == bytes(4), "the header must not hold the time"
    assert json.loads(gzip.decompress(first)) == VALUE


def test_a_bare_list_is_a_list_of_entries(tmp_path: Path) -> None:
    write_any_json(tmp_path / "q.json", VALUE["questions"])
    assert read_entries(tmp_path / "q.json", "questions") == VALUE["questions"]


@pytest.mark.parametrize("name", ["q.json", "q.json.gz"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_a_file_cut_in_the_middle(tmp_path: Path, name: str, share: float) -> None:
    path = tmp_path / name
    write_any_json(path, VALUE)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BadData) as caught:
        read_entries(path, "questions")
    message = str(caught.value)
    assert message.startswith(f"{path}: not a whole JSON file (")
    assert message.endswith("it is cut or damaged, fetch or write it again")


def test_a_gz_that_is_not_compressed(tmp_path: Path) -> None:
    path = tmp_path / "q.json.gz"
    path.write_text(json.dumps(VALUE))
    with pytest.raises(BadData, match=r"q\.json\.gz: not a whole JSON file .*fetch"):
        read_any_json(path)


@pytest.mark.parametrize("name", ["q.json", "q.json.gz"])
def test_no_such_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(MissingArtefact, match=f"{name}: no such file; check the path"):
        read_any_json(tmp_path / name)


def test_the_annotations_given_as_questions(tmp_path: Path) -> None:
    write_any_json(tmp_path / "a.json", {"info": {}, "annotations": []})
    with pytest.raises(BadData) as caught:
        read_entries(tmp_path / "a.json", "questions")
    assert str(caught.value) == (
        f"{tmp_path / 'a.json'}: has no 'questions' but annotations, info; "
        "give the official questions file"
    )


@pytest.mark.parametrize("value", ["text", 3, {"questions": {}}])
def test_no_list(tmp_path: Path, value: object) -> None:
    write_any_json(tmp_path / "q.json", value)
    with pytest.raises(BadData, match=r"q\.json: .*not a list; give the official questions file"):
        read_entries(tmp_path / "q.json", "questions")


def test_a_folder_given_as_file(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"cannot be read \(Is a directory\); name another"):
        read_any_json(tmp_path)


def test_the_hook_replaces_objects(tmp_path: Path) -> None:
    write_any_json(tmp_path / "q.json", [{"k": 1}, {"k": 2}])
    assert read_entries(tmp_path / "q.json", "questions", lambda raw: raw["k"]) == [1, 2]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"a": 1}\n{"a": 2}\n', r"one JSON object a line \(JSON Lines\).*into one list"),
        (b'{"a": 1}\r\n{"a": 2}', "JSON Lines"),
        ('[{"a": "caf\u00e9"}]'.encode("latin-1"), "not UTF-8 text .*save it as UTF-8"),
        (b'[{"a": 1}] {"b"', "not a whole JSON file .*cut or damaged"),
        (b'{"a": 1', "not a whole JSON file .*cut or damaged"),
    ],
)
def test_the_remedy_is_that_of_the_fault(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(content)
    with pytest.raises(BadData, match=why):
        read_any_json(path)


def test_the_keys_of_another_layout_are_not_all_told(tmp_path: Path) -> None:
    """Predictions as ``{question_id: answer}``, as many programs write them."""
    path = tmp_path / "r.json"
    path.write_text(json.dumps({str(k): "yes" for k in range(2962)}))
    with pytest.raises(BadData) as caught:
        read_entries(path, "results")
    assert "has no 'results' but 0, 1, 10" in str(caught.value)
    assert "and 2,952 more; write a list of entries" in str(caught.value)
    assert len(str(caught.value)) < 400
