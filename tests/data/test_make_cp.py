"""A changing-prior folder from one in the layout of VQA."""

import json
from pathlib import Path

import pytest

from vqax.data.folder import VqaFolder
from vqax.data.make_cp import make_cp
from vqax.data.vqa_cp import open_folder
from vqax.errors import BadData, MissingArtefact
from vqax.ownership import MARKER

SPLITS = ("train2014", "val2014")


def test_every_question_is_in_one_part(scenes_v2: Path, tmp_path: Path) -> None:
    change, skipped = make_cp(scenes_v2, tmp_path / "cp", splits=SPLITS, seed=1)
    parts = [open_folder(tmp_path / "cp", part, scenes_v2).read(strict=True) for part in
             ("train", "test")]  # fmt: skip
    both = [VqaFolder(scenes_v2, split).read().examples for split in SPLITS]
    made = {e.question_id: e for part in parts for e in part.examples}
    assert made == {e.question_id: e for split in both for e in split}
    assert [len(part.examples) for part in parts] == [change.train_questions, change.test_questions]
    assert skipped == []
    assert change.total_variation == pytest.approx(1)
    assert change.chance_variation < 1
    assert change.prior_accuracy_test < change.prior_accuracy_train


def test_entries_are_those_of_vqa_with_their_split(scenes_v1: Path, tmp_path: Path) -> None:
    make_cp(scenes_v1, tmp_path / "cp", splits=SPLITS, seed=1)
    source = VqaFolder(scenes_v1, "val2014")
    questions = json.loads(source.questions_path.read_text())["questions"]
    annotations = json.loads(source.annotations_path.read_text())["annotations"]
    for kind, wanted in (("questions", questions), ("annotations", annotations)):
        made = [
            entry
            for part in ("train", "test")
            for entry in json.loads((tmp_path / "cp" / f"vqacp_v1_{part}_{kind}.json").read_text())
        ]
        of_val = {e["question_id"]: e for e in made if e["coco_split"] == "val2014"}
        assert of_val == {e["question_id"]: e | {"coco_split": "val2014"} for e in wanted}


def test_the_same_seed_gives_the_same_bytes(scenes_v1: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_cp(scenes_v1, tmp_path / name, splits=SPLITS, seed=3)
    made = [{p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("one", "two")]
    assert made[0] == made[1]
    assert len(made[0]) == 4 + len([MARKER])


def test_another_picture_folder(scenes_v1: Path, tmp_path: Path) -> None:
    make_cp(scenes_v1, tmp_path / "cp", splits=SPLITS[:1], seed=1, coco_split="train2015")
    entries = json.loads((tmp_path / "cp" / "vqacp_v1_test_questions.json").read_text())
    assert {entry["coco_split"] for entry in entries} == {"train2015"}


def test_refusals_leave_nothing(scenes_v1: Path, tmp_path: Path) -> None:
    out = tmp_path / "cp"
    with pytest.raises(MissingArtefact, match="no questions file for split 'test2015'"):
        make_cp(scenes_v1, out, splits=("test2015",), seed=0)
    with pytest.raises(BadData, match="is also in another of val2014, val2014"):
        make_cp(scenes_v1, out, splits=("val2014", "val2014"), seed=0)
    assert list(tmp_path.iterdir()) == []
    out.mkdir()
    (out / "mine").touch()
    with pytest.raises(BadData, match="already holds files"):
        make_cp(scenes_v1, out, splits=SPLITS, seed=0)
