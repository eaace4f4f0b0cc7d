"""``vqax data import``: tables of many kinds in the official layout."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stages.verify import run as verify
from tests.cli.commands import assert_refused, vqax
from vqax.data import VqaFolder
from vqax.data.importing.columns import answers_in
from vqax.data.importing.records import Ids


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three images below ``images``; nothing else."""
    monkeypatch.chdir(tmp_path)
    Path("images/deep").mkdir(parents=True)
    for name, level in (("a.png", 10), ("deep/b.jpg", 100), ("17.png", 200)):
        Image.fromarray(pixels(level)).save(Path("images") / name)
    return tmp_path


def pixels(level: int) -> np.ndarray:
    return np.full((4, 7, 3), level, dtype=np.uint8)


def png(level: int) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels(level)).save(data, "PNG")
    return data.getvalue()


def imported(*arguments: str) -> dict[str, Any]:
    result = vqax("data", "import", *arguments, "--out", "out", "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def examples(split: str) -> list[Any]:
    return VqaFolder(Path("out"), split).read(answers=None, strict=True).examples


ROWS = [
    {"qid": "q1", "image_name": "a.png", "question": "Is it dark?", "answer": "Yes"},
    {"qid": "q2", "image_name": "deep/b", "question": "How many?", "answer": "3"},
    {"qid": "5", "image_name": "a.png", "question": "Which organ is it?", "answer": "left lung"},
]


def write(path: str, rows: list[dict[str, Any]]) -> str:
    """The same rows in the kind of file that the name ends in."""
    if path.endswith((".csv", ".tsv")):
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, rows[0], delimiter="," if path[-3] == "c" else "\t")
            table.writeheader()
            table.writerows(rows)
    elif path.endswith(".parquet"):
        pd.DataFrame(rows).to_parquet(path)
    elif path.endswith(".jsonl"):
        Path(path).write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    else:
        Path(path).write_text(json.dumps(rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("ending", ["csv", "tsv", "json", "jsonl", "parquet"])
def test_the_same_of_every_kind_of_table(folder: Path, ending: str) -> None:
    table = write(f"train.{ending}", ROWS)
    said = imported(f"train={table}", "--images", "images")
    assert said["train2014"] == {"questions": 3, "annotated": 3, "images": 2}
    first, second, third = examples("train2014")
    assert (first.question, first.answers, first.answer_type) == ("Is it dark?", ("Yes",), "yes/no")
    assert (second.answer_type, third.answer_type) == ("number", "other")
    assert (first.question_type, third.question_type) == ("is it", "which organ")
    assert first.image_id == third.image_id != second.image_id
    assert [e.question_id for e in (first, second, third)] == [1, 2, 5]
    image = VqaFolder(Path("out"), "train2014").image_path(second.image_id)
    assert image.is_symlink()
    assert image.samefile("images/deep/b.jpg")
    ids = pd.read_parquet("out/ids.parquet")
    assert ids["source_id"].tolist() == ["q1", "q2", "5"]
    assert verify(Path("out"), ())["train2014"]["questions"] == 3


def test_a_folder_of_hugging_face_as_it_is_cloned(folder: Path) -> None:
    """Parquet files by split, images inside; VQA-RAD and others."""
    Path("hub/data").mkdir(parents=True)
    for split, level in (("train", 1), ("test", 2)):
        image = {"bytes": png(level), "path": None}
        rows = [{"image": image, "question": "Is it?", "answer": "no"}] * 2
        write(f"hub/data/{split}-00000-of-00001.parquet", rows)
    said = imported("hub")
    counts = {"questions": 2, "annotated": 2, "images": 1}
    assert said["train2014"] == said["test2015"] == counts
    (path,) = Path("out/images/test2015").iterdir()
    assert path.read_bytes() == png(2)
    assert len(examples("test2015")) == 2


def test_a_folder_that_datasets_has_saved(folder: Path) -> None:
    """``save_to_disk``: streams of Arrow beside their description."""
    for split in ("train", "validation"):
        place = Path("saved") / split
        place.mkdir(parents=True)
        answers = [{"answer": "cat"}, {"answer": "dog"}, {"answer": "cat"}]
        table = pa.table({"image": ["17"], "question": ["What?"], "answers": [answers]})
        path = str(place / "data-00000-of-00001.arrow")
        with pa.OSFile(path, "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
            stream.write_table(table)
        (place / "state.json").write_text("{}")
        (place / "dataset_info.json").write_text("{}")
    Path("saved/dataset_dict.json").write_text('{"splits": []}')
    said = imported("saved", "--images", "images")
    assert said["answers a question"] == "3"
    (train,), (val,) = examples("train2014"), examples("val2014")
    assert (train.multiple_choice_answer, train.image_id) == ("cat", 17)
    assert train.image_id == val.image_id
    assert train.question_id != val.question_id


def test_rows_of_records_by_id_and_columns_by_name(folder: Path) -> None:
    """As GQA has them, and as SLAKE: only questions in English."""
    by_id = {f"0{n}x": {"imageId": "17", "question": "Is?", "answer": "yes", "lang": lang}
             for n, lang in enumerate(("en", "zh"))}  # fmt: skip
    Path("gqa.json").write_text(json.dumps(by_id), encoding="utf-8")
    said = imported("val=gqa.json", "--images", "images", "--where", "lang=en")
    assert said["val2014"]["questions"] == 1
    assert pd.read_parquet("out/ids.parquet")["source_id"].tolist() == ["00x"]


def test_a_split_without_answers_and_rows_that_cannot_be_used(folder: Path) -> None:
    rows = [{"split": "test", "path": "a.png", "text": "What?"},
            {"split": "test", "path": "gone.png", "text": "What?"},
            {"split": "test", "path": "a.png", "text": " "}]  # fmt: skip
    table = write("all.csv", rows)
    said = imported(table, "--images", "images", "--image", "path", "--question", "text")
    assert said["test2015"] == {"questions": 1, "annotated": 0, "images": 1}
    assert said["skipped"] == 2
    reasons = pd.read_parquet("out/skipped.parquet")["reason"].tolist()
    assert reasons == ["image 'gone.png' is not there; add it", "has no question; add it"]
    assert not list(Path("out").glob("*annotations*"))


def test_what_is_refused(folder: Path) -> None:
    table = write("train.csv", ROWS)
    again = ("data", "import", table, "--out", "out")
    assert_refused(vqax(*again, "--image", "image"), 2, "no column image", "image_name")
    assert_refused(vqax(*again), 3, "no row of it can be used", "'a.png'")
    assert_refused(vqax(*again, "--where", "x"), 2, "--where x", "COLUMN=VALUE")
    assert_refused(vqax("data", "import", "none.csv", "--out", "out"), 4, "none.csv")
    some = write("some.json", [*ROWS, {**ROWS[0], "qid": "9", "answer": ""}])
    partly = vqax("data", "import", some, "--out", "out", "--images", "images")
    assert_refused(partly, 3, "1 of 4 questions have no answer")
    Path("cut.parquet").write_bytes(b"PAR1")
    assert_refused(vqax("data", "import", "cut.parquet", "--out", "out"), 3, "cut.parquet")
    Path("other").mkdir()
    Path("other/images").write_text("mine")
    mine = vqax("data", "import", table, "--out", "other", "--images", "images")
    assert_refused(mine, 3, "not written by this program")


@given(st.lists(st.text("0123456789ab", max_size=4)))
def test_ids_are_unique_and_numbers_stay(texts: list[str]) -> None:
    ids = Ids()
    given_ids = [ids.of(text) for text in texts]
    assert len(set(given_ids)) == len(texts)
    fresh: set[int] = set()
    for text, number in zip(texts, given_ids, strict=True):
        if text.isdigit() and int(text) not in fresh:
            assert number == int(text)
        fresh.add(number)


@pytest.mark.parametrize(
    ("value", "answers"),
    [
        ("cat", ["cat"]), (" ", []), (None, []), (float("nan"), []), (3, ["3"]),
        (["a", "", "b"], ["a", "b"]), ('["a", "b"]', ["a", "b"]), ("['a', \"b's\"]", ["a", "b's"]),
        ([{"answer": "a", "answer_id": 1}], ["a"]), ("[unclear]", ["[unclear]"]),
        ({"answer": ["a", "b"]}, ["a", "b"]),
    ],
)  # fmt: skip
def test_answers_as_people_write_them(value: Any, answers: list[str]) -> None:
    assert answers_in(value) == answers
