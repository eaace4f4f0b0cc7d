"""``vqax data verify``: what a folder holds, what is wrong with it; an empty one is not fine."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.commands import assert_refused, vqax
from tests.stages.own_data import own_data
from vqax.data.folder import annotations_name, questions_name


def summary(root: Path, *options: str) -> dict:
    result = vqax("data", "verify", root, *options, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_whole_folder(tmp_path: Path) -> None:
    root = own_data(tmp_path / "data")
    assert summary(root) == {
        split: {"questions": 4, "skipped": 0} for split in ("train2014", "val2014")
    }


@pytest.mark.parametrize("suffix", [".jpg", ".JPG", ".jpeg", ".JPEG", ".PNG"])
def test_images_of_any_ending(tmp_path: Path, suffix: str) -> None:
    assert summary(own_data(tmp_path / "data", suffix=suffix))["train2014"]["questions"] == 4


def test_no_usable_question_is_not_fine(tmp_path: Path) -> None:
    """A check in CI that ends with 0 checks nothing."""
    root = own_data(tmp_path / "data")
    shutil.rmtree(root / "images" / "val2014")
    assert_refused(
        vqax("data", "verify", root), 3,
        questions_name("val2014"), "not one usable question", "4 problems",
    )  # fmt: skip
    own_data(tmp_path / "empty", questions=0)
    assert_refused(vqax("data", "verify", tmp_path / "empty"), 3, "the list is empty")


def test_questions_alone_are_read_where_annotations_are_secret(tmp_path: Path) -> None:
    root = own_data(tmp_path / "data", splits=("train2014", "test2015", "own"))
    for split in ("test2015", "own"):
        (root / annotations_name(split)).unlink()
    assert summary(root)["test2015"] == {"questions": 4, "without annotations": 4, "skipped": 0}
    assert "own" in summary(root, "--split", "own")
    text = vqax("data", "verify", root).stdout
    assert "test2015: questions 4, without annotations 4, skipped 0" in text
    (root / "images" / "test2015").rename(root / "images" / "gone")
    assert_refused(vqax("data", "verify", root), 3, "not one usable question", "image_id")


def test_annotations_that_should_be_there_are_missed_by_name(tmp_path: Path) -> None:
    """Not hidden behind "no questions file"."""
    root = own_data(tmp_path / "data")
    (root / annotations_name("val2014")).unlink()
    assert_refused(
        vqax("data", "verify", root), 4, "no annotations file", f"put {annotations_name('val2014')}"
    )


def test_test_dev_has_the_images_of_test(tmp_path: Path) -> None:
    root = own_data(tmp_path / "data", splits=("test2015",))
    (root / questions_name("test2015")).rename(root / questions_name("test-dev2015"))
    assert summary(root, "--split", "test-dev2015")["test-dev2015"]["questions"] == 4


def test_equal_problems_are_one_line(tmp_path: Path) -> None:
    root = own_data(tmp_path / "data", splits=("train2014",), questions=40)
    for path in sorted((root / "images" / "train2014").iterdir())[:30]:
        path.unlink()
    found = summary(root)
    lines = [line for key, line in found.items() if key.startswith("train2014 skipped")]
    assert found["train2014"] == {"questions": 10, "skipped": 30}
    assert len(lines) == 1
    assert lines[0].startswith("30 such as ")
    assert "question_id 1: has no image with image_id 1; put it there" in lines[0]


@pytest.mark.parametrize(("number", "said"), [(1, "1"), (3, "3"), (12, "12")])
def test_another_number_of_answers_is_said(tmp_path: Path, number: int, said: str) -> None:
    root = own_data(tmp_path / "data", answers=("cat",) * number)
    assert summary(root)["train2014"]["answers a question"] == said


def test_a_lost_answer_among_ten_is_a_problem(tmp_path: Path) -> None:
    root = own_data(tmp_path / "data", answers=lambda one: ("cat",) * (9 if one == 2 else 10))
    found = summary(root)
    assert found["train2014"] == {"questions": 3, "skipped": 1}
    assert "question_id 2: has 9 answers, not 10" in found["train2014 skipped 1"]


def test_image_ids_that_start_anew_name_both_files(tmp_path: Path) -> None:
    root = own_data(tmp_path / "data", same_ids=True)
    assert_refused(
        vqax("data", "verify", root), 3,
        "image_id 1 is", "COCO_train2014_000000000001.png", "COCO_val2014_000000000001.png",
        "different ids",
    )  # fmt: skip


def test_one_image_in_two_splits_is_no_conflict(tmp_path: Path) -> None:
    root = own_data(tmp_path / "data", same_ids=True)
    for path in (root / "images" / "train2014").iterdir():
        copy = root / "images" / "val2014" / path.name.replace("train2014", "val2014")
        shutil.copyfile(path, copy)
    assert summary(root)["val2014"]["questions"] == 4


def test_a_question_in_two_splits(tmp_path: Path) -> None:
    root = own_data(tmp_path / "data")
    for kind in (questions_name, annotations_name):
        text = (root / kind("train2014")).read_text()
        (root / kind("val2014")).write_text(text)
    shutil.rmtree(root / "images" / "val2014")
    shutil.copytree(root / "images" / "train2014", root / "images" / "val2014")
    for path in list((root / "images" / "val2014").iterdir()):
        path.rename(path.with_name(path.name.replace("train2014", "val2014")))
    assert_refused(
        vqax("data", "verify", root), 3, "4 of its questions are also in", "question_id 1"
    )


def test_the_folders_of_the_cases(shared: Path) -> None:
    cases = shared / "cases"
    assert summary(cases / "12_upper_case_jpg" / "data")["val2014"]["questions"] == 15
    secret = summary(cases / "13_test2015_without_annotations" / "data")
    assert secret["test2015"]["without annotations"] == 15
    same = vqax("data", "verify", cases / "03_same_image_id_in_two_splits" / "data")
    assert_refused(same, 3, "image_id", "train2014", "val2014")
