"""``vqax data verify --profile``: what has to be downloaded yet, before anything runs."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.commands import assert_refused, vqax
from tests.stages.own_data import own_data
from tests.stages.tiny import ROOT

PROFILE = "coco_mini"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository's settings and profiles, and an empty folder for data."""
    for name in ("profiles", "studies"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VQAX_DATA", raising=False)
    return tmp_path / "datasets"


def verified(*options: str) -> list[dict]:
    result = vqax("data", "verify", "--profile", PROFILE, "--json", *options)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["files"]


def test_everything_is_there(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_data(data / "coco_vqa_v2_mini", splits=("train2014",), suffix=".jpg")
    lines = verified("--data-root", str(data))
    assert {(one["setting"], one["what"]) for one in lines} == {
        (f"datasets.{PROFILE}", "questions of train2014"),
        (f"datasets.{PROFILE}", "annotations of train2014"),
        (f"datasets.{PROFILE}", "images of train2014"),
        (f"grids.{PROFILE}", "images of train2014"),
        (f"regions.{PROFILE}_regions", "images of train2014"),
    }
    monkeypatch.setenv("VQAX_DATA", str(data))
    assert verified() == lines
    assert "4          grids" in vqax("data", "verify", "--profile", PROFILE).stdout
    assert not (data.parent / "work").exists()


def test_what_is_missing_is_listed_with_its_names(data: Path) -> None:
    own_data(data / "coco_vqa_v2_mini", splits=("train2014",), suffix=".jpg")
    shutil.rmtree(data / "coco_vqa_v2_mini" / "images")
    (data / "coco_vqa_v2_mini" / "mscoco_train2014_annotations.json").unlink()
    told = vqax("data", "verify", "--profile", PROFILE, "--data-root", data)
    assert_refused(told, 4, "4 of 5 files are missing", "mscoco_train2014_annotations.json",
                   "images/train2014", "vqax data list")  # fmt: skip
    assert "questions of" not in told.stderr


def test_nothing_is_there(data: Path) -> None:
    told = vqax("data", "verify", "--profile", PROFILE, "--data-root", data)
    assert_refused(told, 4, "v2_OpenEnded_mscoco_train2014_questions.json")


def test_what_is_refused(data: Path) -> None:
    assert_refused(vqax("data", "verify", "--profile", PROFILE), 2, "VQAX_DATA", "--data-root")
    assert_refused(vqax("data", "verify", "--profile", "none"), 4, "no such profile")
    for wrong in ([], ["x", "--profile", PROFILE], ["--profile", PROFILE, "--split", "train2014"]):
        assert_refused(vqax("data", "verify", *wrong), 2, "ROOT or --profile")
