"""Damaged inputs at the level of the command: code, file, value and remedy; no half output."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.cli.commands import assert_refused, files, vqax
from tests.stages.tiny import DATASET, TEST_QUESTIONS, TRAIN_QUESTIONS

SCENES = Path("data") / "scenes" / DATASET
QUESTIONS = SCENES / "OpenEnded_mscoco_val2014_questions.json"
ANNOTATIONS = SCENES / "mscoco_val2014_annotations.json"
DATASETS = Path("data") / "datasets" / DATASET
FEATURES = Path("data") / "features" / f"{DATASET}.h5"

pytestmark = pytest.mark.usefixtures("workspace")


def edit(path: Path, change: Callable[[dict], None]) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def skipped(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path)


def an_image() -> tuple[Path, int]:
    """A test image and how many questions ask about it."""
    image = sorted((SCENES / "images" / "val2014").iterdir())[0]
    image_id = int(image.stem.split("_")[-1])
    asked = json.loads(QUESTIONS.read_text(encoding="utf-8"))["questions"]
    return image, sum(question["image_id"] == image_id for question in asked)


@pytest.mark.parametrize("path", [QUESTIONS, ANNOTATIONS])
def test_json_cut_in_the_middle(path: Path) -> None:
    cut(path)
    before = files(DATASETS)
    assert_refused(vqax("data", "prepare", DATASET), 3, str(path), "not a whole JSON", "again")
    assert files(DATASETS) == before


def test_a_truncated_picture_is_a_counted_skip() -> None:
    image, _ = an_image()
    cut(image)
    result = vqax("features", "extract", DATASET, "--json")
    assert result.exit_code == 0
    summary = json.loads(result.stdout)
    assert (summary["images"], summary["skipped"]) == (19, 1)
    listed = skipped(FEATURES.with_name(f"{DATASET}_skipped.parquet"))
    assert listed["file"].tolist() == [str(image)]
    assert "cut or damaged" in listed["reason"][0]


def test_questions_without_features_are_counted_by_explain() -> None:
    image, asked = an_image()
    cut(image)
    vqax("features", "extract", DATASET)
    summary = json.loads(vqax("explain", "san", "--json").stdout)
    assert summary["without features"] == asked > 0
    assert summary["questions"] == TEST_QUESTIONS - asked
    assert vqax("score", "san").exit_code == 0


def test_a_missing_picture_is_a_counted_skip() -> None:
    image, asked = an_image()
    image.unlink()
    summary = json.loads(vqax("data", "prepare", DATASET, "--json").stdout)
    assert summary["skipped"] == asked
    assert summary["questions"]["test"] == TEST_QUESTIONS - asked
    listed = skipped(DATASETS / "skipped.parquet")
    assert set(listed["file"]) == {str(image)}
    result = vqax("data", "verify", SCENES, "--split", "val2014")
    assert f"skipped {asked}" in result.stdout
    assert image.name in result.stdout


def no_question(value: dict) -> None:
    del value["questions"][3]


def nine_answers(value: dict) -> None:
    del value["annotations"][3]["answers"][9]


@pytest.mark.parametrize(
    ("path", "change", "words"),
    [
        (QUESTIONS, no_question, "question"),
        (ANNOTATIONS, nine_answers, "9 answers"),
    ],
)
def test_a_record_that_is_wrong_is_skipped_and_listed(path, change, words) -> None:
    edit(path, change)
    summary = json.loads(vqax("data", "prepare", DATASET, "--json").stdout)
    assert (summary["skipped"], summary["questions"]["test"]) == (1, TEST_QUESTIONS - 1)
    listed = skipped(DATASETS / "skipped.parquet")
    assert "question_id" in listed["entry"][0]
    assert words in listed["reason"][0]
    assert "val2014" in listed["file"][0]


@pytest.mark.parametrize(("path", "key"), [(QUESTIONS, "questions"), (ANNOTATIONS, "annotations")])
def test_a_question_id_that_occurs_twice(path: Path, key: str) -> None:
    edit(path, lambda value: value[key].append(value[key][0]))
    summary = json.loads(vqax("data", "prepare", DATASET, "--json").stdout)
    listed = skipped(DATASETS / "skipped.parquet")
    assert summary["skipped"] == len(listed) >= 1
    assert "occurs twice" in listed["reason"][0]
    assert listed["file"][0] == str(path)


def test_nothing_left_after_the_checks() -> None:
    shutil.rmtree(SCENES / "images" / "val2014")
    before = files(DATASETS)
    assert_refused(vqax("data", "prepare", DATASET), 3, "0 test questions", "vqax data verify")
    assert files(DATASETS) == before


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [(np.full((224, 224), 9, np.uint8), "constant"), (np.eye(30, 60, dtype=np.uint8), "30x60")],
)
def test_an_unusable_human_map_is_a_counted_skip(pixels: np.ndarray, reason: str) -> None:
    path = sorted((SCENES / "vqa_hat" / "val2014").iterdir())[0]
    Image.fromarray(pixels).save(path)
    assert json.loads(vqax("data", "prepare", DATASET, "--json").stdout)["skipped"] == 1
    listed = skipped(DATASETS / "skipped.parquet")
    assert listed["file"].tolist() == [str(path)]
    assert reason in listed["reason"][0]
    with h5py.File(DATASETS / "human_maps.h5") as file:
        assert len(file["maps"]) == 3 * TEST_QUESTIONS - 1
    assert vqax("report").exit_code == 0


def test_nan_in_the_features() -> None:
    with h5py.File(FEATURES, "r+") as file:
        ids, features = file["image_ids"][:], file["features"]
        for row in range(len(ids)):
            features[row, 0, 0] = np.nan
    before = files(Path("data"))
    assert_refused(vqax("train", "mcb"), 3, str(FEATURES), "image_id", "NaN", "extract them again")
    assert_refused(vqax("explain", "mcb"), 3, str(FEATURES), "NaN", "extract them again")
    assert files(Path("data")) == before


def test_features_of_another_extractor() -> None:
    with h5py.File(FEATURES, "r+") as file:
        file.attrs["extractor"] = "vgg16"
    before = files(Path("data"))
    for command in ("train", "explain"):
        assert_refused(
            vqax(command, "mcb"), 3, str(FEATURES), "vgg16", "efficientnet_lite0", "again"
        )
    assert files(Path("data")) == before


def test_features_cut_in_the_middle() -> None:
    cut(FEATURES)
    remedy = f"; run `vqax features extract {DATASET}`"
    assert_refused(vqax("train", "mcb"), 3, str(FEATURES), remedy)
    assert_refused(vqax("features", "show", FEATURES), 3, str(FEATURES), remedy)


def test_maps_cut_in_the_middle() -> None:
    path = Path("data") / "explanations" / "headline" / "mcb" / "attention.h5"
    cut(path)
    before = files(Path("data"))
    assert_refused(vqax("score", "mcb"), 3, str(path), "; run `vqax explain mcb`")
    assert files(Path("data")) == before


def test_a_table_cut_in_the_middle() -> None:
    path = Path("data") / "scores" / "headline" / "mcb" / "questions.parquet"
    cut(path)
    before = files(Path())
    assert_refused(vqax("compare"), 3, str(path), "; run `vqax score mcb`")
    assert files(Path()) == before


@pytest.mark.parametrize(
    ("command", "lost"),
    [
        (("data", "prepare", DATASET), SCENES),
        (("train", "mcb"), DATASETS),
        (("train", "mcb"), FEATURES),
        (("explain", "mcb"), Path("data/runs/headline/mcb")),
        (("score", "mcb"), Path("data/explanations/headline/mcb")),
        (("compare",), Path("data/scores/headline/mcb")),
        (("report",), Path("results")),
        (("table",), Path("results")),
        (("check",), Path("results")),
    ],
)
def test_what_an_earlier_stage_should_have_left(command: tuple[str, ...], lost: Path) -> None:
    if lost.is_dir():
        shutil.rmtree(lost)
    else:
        lost.unlink()
    Path("tolerances.yaml").write_text("tolerance: {margin: 1}\nexpected: {mcb: {margin: 0}}")
    before = files(Path())
    assert_refused(vqax(*command), 4, str(lost), "no ")
    assert files(Path()) == before


def test_the_training_questions_are_all_there() -> None:
    summary = json.loads(vqax("data", "prepare", DATASET, "--json").stdout)
    assert summary["questions"]["train"] + summary["questions"]["validation"] == TRAIN_QUESTIONS
