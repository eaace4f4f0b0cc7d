"""``vqax predict``: every question of a split once, for evaluation servers."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.cli.commands import assert_refused, vqax
from tests.stages import tiny
from vqax.data.folder import image_name, questions_name
from vqax.errors import VqaxError

MODEL = '''
from pathlib import Path

from vqax.adapters import of_function


def bright():
    """Answers by the mean brightness; notes every question."""
    def answer(images, questions):
        with Path("asked.txt").open("a") as file:
            file.write("".join(f"{text}\\n" for text in questions))
        seen = images.mean((1, 2, 3)) / 255
        return [[float(one), 1 - float(one)] for one in seen]
    return of_function(answer, answers=["Yes", "no"], size_px=(16, 24))
'''
OF_MODEL = ["predict", "--model", "mine.py:bright", "--data", "data", "--split", "test-dev2015"]
DARK, BRIGHT, ABSENT = 7, 9, 11


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two questions about a dark image of test2015, one about a bright one; no annotations."""
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(MODEL, encoding="utf-8")
    asked = [(3, DARK), (70, BRIGHT), (4, DARK)]
    write_questions([{"question_id": q, "image_id": i, "question": f"Is {q}?"} for q, i in asked])
    for image_id, level in ((DARK, 20), (BRIGHT, 230)):
        image(image_id, level)
    return tmp_path


def write_questions(entries: list[dict]) -> None:
    path = Path("data") / questions_name("test-dev2015", "v2_")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"questions": entries}), encoding="utf-8")


def image(image_id: int, level: int) -> None:
    path = Path("data") / "images" / "test2015" / image_name("test2015", image_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((6, 9, 3), level, dtype=np.uint8)).save(path)


def results(path: str = "results.json") -> list[dict]:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def test_every_question_once_in_the_order_of_the_file(folder: Path) -> None:
    result = vqax(*OF_MODEL, "--out", "results.json", "--json")
    assert json.loads(result.stdout)["questions"] == 3
    answers = [{"question_id": q, "answer": a} for q, a in ((3, "no"), (70, "Yes"), (4, "no"))]
    assert results() == answers
    assert not list(folder.glob(".results*"))


def test_a_zip_holds_the_name_that_servers_take(folder: Path) -> None:
    assert vqax(*OF_MODEL, "--out", "mine.zip").exit_code == 0
    with zipfile.ZipFile("mine.zip") as packed:
        (name,) = packed.namelist()
        assert name == "v2_OpenEnded_mscoco_test-dev2015_bright_results.json"
        assert [entry["question_id"] for entry in json.loads(packed.read(name))] == [3, 70, 4]


def test_an_image_that_is_not_there(folder: Path) -> None:
    """What was answered is kept, and only the rest is asked again."""
    entries = json.loads((folder / "data" / questions_name("test-dev2015", "v2_")).read_text())
    last = {"question_id": 5, "image_id": ABSENT, "question": "Is 5?"}
    write_questions([*entries["questions"], last])
    refused = vqax(*OF_MODEL, "--out", "results.json")
    assert_refused(refused, 3, "1 of 4 questions", "question_id 5", "COCO_test2015_", "--fill")
    assert not Path("results.json").exists()
    image(ABSENT, 250)
    assert vqax(*OF_MODEL, "--out", "results.json").exit_code == 0
    assert results()[-1] == {"question_id": 5, "answer": "Yes"}
    assert sorted(Path("asked.txt").read_text().splitlines()) == [
        *("Is 3?", "Is 4?", "Is 5?", "Is 70?")
    ]


def test_questions_that_are_all_answered_alike(folder: Path) -> None:
    (folder / "data" / "images" / "test2015" / image_name("test2015", DARK)).write_bytes(b"cut")
    said = vqax(*OF_MODEL, "--out", "results.json", "--fill", "maybe")
    assert "filled: 2" in said.stdout
    assert [entry["answer"] for entry in results()] == ["maybe", "Yes", "maybe"]


def test_a_question_without_a_word_stands_in_nobodys_way(folder: Path) -> None:
    write_questions([{"question_id": q, "image_id": DARK, "question": text}
                     for q, text in ((1, "Is 1?"), (2, "?!"))])  # fmt: skip
    assert_refused(vqax(*OF_MODEL, "--out", "results.json"), 3, "1 of 2", "question_id 2")
    assert vqax(*OF_MODEL, "--out", "results.json", "--fill", "no").exit_code == 0
    assert len(results()) == 2


def test_what_is_refused(folder: Path) -> None:
    assert_refused(vqax(*OF_MODEL[:3], "--split", "x", "--out", "a.json"), 2, "--data")
    assert vqax(*OF_MODEL, "--out", "a.txt").exit_code == 2
    stored = vqax(*OF_MODEL, "--out", "a.json", "--features", "grid")
    assert_refused(stored, 2, "leave out --features")
    Path("a.json").write_text("mine")
    assert_refused(vqax(*OF_MODEL, "--out", "a.json"), 3, "a.json", "not written by this program")


def test_the_case_of_test2015(folder: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = shared / "cases" / "13_test2015_without_annotations" / "data"
    command = ["predict", "--model", "mine.py:bright", "--data", data, "--split", "test2015"]
    assert vqax(*command, "--out", "results.json").exit_code == 0
    file = data / questions_name("test2015", "v2_")
    asked = [one["question_id"] for one in json.loads(file.read_text())["questions"]]
    assert [entry["question_id"] for entry in results()] == asked


@pytest.mark.parametrize("features", [(), ("--features", tiny.DATASET)])
def test_a_run_answers_as_in_the_pipeline(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, features: tuple[str, ...]
) -> None:
    """From images, and from the feature file, beside which none needs to be there."""
    monkeypatch.chdir(finished)
    out = tmp_path / "results.json"
    said = vqax("predict", "mcb", "--split", "val2014", "--out", out, *features)
    assert said.exit_code == 0, said.output
    given = {entry["question_id"]: entry["answer"] for entry in results(str(out))}
    path = finished / "data" / "explanations" / "headline" / "mcb" / "predictions.parquet"
    known = pd.read_parquet(path).set_index("question_id")["answer"].to_dict()
    assert given == known


def test_features_of_another_extractor(finished: Path) -> None:
    from stages.predict.stored_images import check_same_kind
    from vqax.vision import FeatureFile

    feature_file = FeatureFile(finished / "data" / "features" / f"{tiny.DATASET}.h5")
    check_same_kind(feature_file, feature_file)

    class Other:
        width, attributes = feature_file.width, {"extractor": "another"}

    with pytest.raises(VqaxError, match="the run was trained on those of another"):
        check_same_kind(feature_file, Other())  # type: ignore[arg-type]
