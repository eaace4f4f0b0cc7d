"""VQA-CP files as they were published: bare lists whose entries name their image folder."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.data.official import annotation_entry, question_entry
from tests.data.small import example
from vqax.data.vqa_cp import CpFolder, cp_name, open_folder, refuse_shared_questions
from vqax.errors import BadData, MissingArtefact


def fill(root: Path, part: str = "train", version: str = "v2", **changes: Any) -> CpFolder:
    """Two questions on images of both COCO splits; ``changes`` are of the second question."""
    second = question_entry(8, image_id=80, coco_split="val2014") | changes
    second = {key: value for key, value in second.items() if value is not None}
    questions = [question_entry(7, coco_split="train2014"), second]
    annotations = [
        annotation_entry(7, coco_split="train2014"),
        annotation_entry(8, image_id=second["image_id"], coco_split="val2014"),
    ]
    root.mkdir(parents=True, exist_ok=True)
    for kind, entries in (("questions", questions), ("annotations", annotations)):
        (root / cp_name(version, part, kind)).write_text(json.dumps(entries))
    folder = open_folder(root, part, root.parent / "images")
    assert isinstance(folder, CpFolder)
    return folder


def images(root: Path) -> list[Path]:
    paths = [
        root / "images" / split / f"COCO_{split}_{image_id:012d}.jpg"
        for split, image_id in (("train2014", 70), ("val2014", 80))
    ]
    for path in paths:
        path.parent.mkdir(parents=True)
        Image.new("RGB", (3, 2)).save(path)
    return paths


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_published_names_and_pictures_of_both_splits(tmp_path: Path, version: str) -> None:
    paths = images(tmp_path / "images")
    folder = fill(tmp_path / "cp", version=version)
    assert folder.questions_path.name == f"vqacp_{version}_train_questions.json"
    assert folder.annotations_path.name == f"vqacp_{version}_train_annotations.json"
    split = folder.read(strict=True)
    assert [example.question_id for example in split.examples] == [7, 8]
    assert [folder.image_path(one.image_id) for one in split.examples] == paths


def test_maps_of_people_lie_beside_the_pictures(tmp_path: Path) -> None:
    folder = fill(tmp_path / "cp")
    assert folder.human_maps_dirs == folder.explanation_maps_dirs == folder.explanation_paths == ()
    for name in ("vqa_hat/train2014", "vqa_hat/val2014", "vqa_x/visual/val"):
        (tmp_path / "images" / name).mkdir(parents=True)
    assert [path.name for path in folder.human_maps_dirs] == ["train2014", "val2014"]
    assert [path.name for path in folder.explanation_maps_dirs] == ["val"]


def test_its_own_folder_holds_the_pictures_if_no_other_is_named(tmp_path: Path) -> None:
    fill(tmp_path)
    (path, _) = images(tmp_path)
    assert open_folder(tmp_path, "train").image_path(70) == path


def test_other_folders_are_of_vqa(tmp_path: Path) -> None:
    fill(tmp_path)
    assert not isinstance(open_folder(tmp_path, "test"), CpFolder)


def test_a_missing_picture_is_listed_under_its_coco_name(tmp_path: Path) -> None:
    folder = fill(tmp_path / "cp")
    path, lost = images(tmp_path / "images")
    lost.unlink()
    split = folder.read()
    assert [example.question_id for example in split.examples] == [7]
    assert [(item.file, item.entry) for item in split.skipped] == [(str(lost), "question_id 8")]
    with pytest.raises(MissingArtefact, match=r"COCO_val2014_000000000080.jpg: no such image"):
        folder.image_path(80)
    assert path.exists()


def test_an_entry_without_coco_split_is_listed(tmp_path: Path) -> None:
    folder = fill(tmp_path / "cp", coco_split=None)
    images(tmp_path / "images")
    split = folder.read()
    assert [example.question_id for example in split.examples] == [7]
    assert [(item.entry, item.reason[:20]) for item in split.skipped] == [
        ("question_id 8", "has no 'coco_split';")
    ]
    with pytest.raises(BadData, match="question_id 8 has no 'coco_split'"):
        folder.read(strict=True)


def test_files_without_any_coco_split(tmp_path: Path) -> None:
    folder = fill(tmp_path / "cp")
    path = folder.questions_path
    path.write_text(json.dumps([question_entry(7), question_entry(8, image_id=80)]))
    with pytest.raises(BadData) as caught:
        folder.read()
    assert str(caught.value).startswith(f"{path}: question_id 7 has no 'coco_split'; ")
    assert "(as all 2 entries); give a VQA-CP file" in str(caught.value)


def test_a_picture_in_two_splits(tmp_path: Path) -> None:
    folder = fill(tmp_path / "cp", image_id=70)
    (problem,) = [item for item in folder.read().skipped if "coco_split" in item.reason]
    assert problem.entry == "question_id 8"
    assert "'val2014', but another question on image_id 70 has 'train2014'" in problem.reason


def test_questions_of_test_inside_train() -> None:
    train, test = [example(k, "is", "yes") for k in (1, 2, 3)], [example(4, "is", "no")]
    refuse_shared_questions(train, test, "train.json", "test.json")
    with pytest.raises(BadData) as caught:
        refuse_shared_questions(train, [*test, train[2], train[1]], "train.json", "test.json")
    assert str(caught.value) == (
        "test.json: 2 of its questions are also in train.json, the first is question_id 2; "
        "delete them from one of the two or give the official files"
    )
