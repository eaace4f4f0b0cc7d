"""Where the files of a data set folder are found."""

from pathlib import Path

import pytest
from PIL import Image

from tests.data.official import annotation_entry, question_entry
from vqax.data.folder import Version, VqaFolder, image_name
from vqax.data.json_list import write_any_json
from vqax.data.vqa_cp import cp_name, open_folder
from vqax.errors import MissingArtefact

QUESTIONS = "OpenEnded_mscoco_val2014_questions.json"
ANNOTATIONS = "mscoco_val2014_annotations.json"


def fill(root: Path, prefix: str = "", end: str = "") -> None:
    questions = [question_entry(7), question_entry(8, image_id=80)]
    annotations = [annotation_entry(7), annotation_entry(8, image_id=80)]
    write_any_json(root / f"{prefix}{QUESTIONS}{end}", {"questions": questions})
    write_any_json(root / f"{prefix}{ANNOTATIONS}{end}", {"annotations": annotations})


def image(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (3, 2)).save(path)
    return path


@pytest.mark.parametrize("prefix", ["", "v2_"])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_official_names_of_both_versions(tmp_path: Path, prefix: str, end: str) -> None:
    fill(tmp_path, prefix, end)
    folder = VqaFolder(tmp_path, "val2014")
    assert folder.questions_path == tmp_path / f"{prefix}{QUESTIONS}{end}"
    assert folder.annotations_path == tmp_path / f"{prefix}{ANNOTATIONS}{end}"


def test_questions_and_annotations_are_of_one_version(tmp_path: Path) -> None:
    fill(tmp_path)
    fill(tmp_path, "v2_")
    folder = VqaFolder(tmp_path, "val2014")
    assert folder.annotations_path.name == f"v2_{ANNOTATIONS}"
    (tmp_path / f"v2_{ANNOTATIONS}").unlink()
    with pytest.raises(MissingArtefact, match=f"no annotations file .*put v2_{ANNOTATIONS} there"):
        _ = folder.annotations_path


@pytest.mark.parametrize(("version", "prefix"), [("v1", ""), ("v2", "v2_"), (None, "v2_")])
def test_both_versions_side_by_side(tmp_path: Path, version: Version | None, prefix: str) -> None:
    fill(tmp_path)
    fill(tmp_path, "v2_")
    folder = open_folder(tmp_path, "val2014", version=version)
    assert folder.questions_path.name == f"{prefix}{QUESTIONS}"
    assert folder.annotations_path.name == f"{prefix}{ANNOTATIONS}"


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_both_versions_of_changing_priors(tmp_path: Path, version: Version) -> None:
    for one in ("v1", "v2"):
        for kind in ("questions", "annotations"):
            write_any_json(tmp_path / cp_name(one, "train", kind), [])
    folder = open_folder(tmp_path, "train", tmp_path / "coco", version)
    assert folder.questions_path.name == f"vqacp_{version}_train_questions.json"
    assert folder.annotations_path.name == f"vqacp_{version}_train_annotations.json"


def test_a_version_that_is_not_there(tmp_path: Path) -> None:
    fill(tmp_path, "v2_")
    with pytest.raises(MissingArtefact, match=f"put {QUESTIONS} there"):
        _ = open_folder(tmp_path, "val2014", version="v1").questions_path


def test_images_and_instances_in_another_folder(tmp_path: Path) -> None:
    fill(tmp_path / "vqa")
    there = image(tmp_path / "coco" / "images" / "val2014" / image_name("val2014", 80))
    instances = tmp_path / "coco" / "annotations" / "instances_val2014.json"
    write_any_json(instances, {})
    folder = open_folder(tmp_path / "vqa", "val2014", tmp_path / "coco")
    assert folder.image_path(80) == there
    assert folder.instances_path == instances
    assert VqaFolder(tmp_path / "vqa", "val2014").instances_path is None


def test_a_split_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingArtefact) as caught:
        _ = VqaFolder(tmp_path, "val2014").questions_path
    assert str(caught.value) == (
        f"{tmp_path}: no questions file for split 'val2014'; "
        f"put v2_{QUESTIONS} or {QUESTIONS} there or name another split"
    )


@pytest.mark.parametrize("place", ["images/val2014", "val2014"])
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_pictures(tmp_path: Path, place: str, suffix: str) -> None:
    path = image(tmp_path / place / f"COCO_val2014_000000000070{suffix}")
    assert VqaFolder(tmp_path, "val2014").image_path(70) == path


def test_a_missing_picture(tmp_path: Path) -> None:
    with pytest.raises(MissingArtefact) as caught:
        VqaFolder(tmp_path, "val2014").image_path(70)
    expected = tmp_path / "images" / "val2014" / "COCO_val2014_000000000070.jpg"
    assert str(caught.value) == f"{expected}: no such image; put image_id 70 there"


def test_records_without_picture_are_listed(tmp_path: Path) -> None:
    fill(tmp_path)
    present = image(tmp_path / "images" / "val2014" / "COCO_val2014_000000000070.jpg")
    split = VqaFolder(tmp_path, "val2014").read()
    assert [example.question_id for example in split.examples] == [7]
    assert split.skipped == [
        (
            str(present.with_name("COCO_val2014_000000000080.jpg")),
            "question_id 8",
            "has no image with image_id 80; put it there",
        )
    ]
    with pytest.raises(MissingArtefact, match="000000000080"):
        VqaFolder(tmp_path, "val2014").read(strict=True)


@pytest.mark.parametrize("end", ["", ".gz"])
def test_vqa_x_has_two_parts_on_val2014(tmp_path: Path, end: str) -> None:
    train, val = VqaFolder(tmp_path, "train2014"), VqaFolder(tmp_path, "val2014")
    for folder in (train, val, VqaFolder(tmp_path, "test2015")):
        assert folder.explanation_paths == folder.explanation_maps_dirs == ()
    for part in ("train", "val", "test"):
        write_any_json(tmp_path / "vqa_x" / f"{part}_exp_anno.json{end}", {})
    for part in ("val", "test"):
        (tmp_path / "vqa_x" / "visual" / part).mkdir(parents=True)
    assert [p.name for p in train.explanation_paths] == [f"train_exp_anno.json{end}"]
    assert [p.name for p in val.explanation_paths] == [
        f"val_exp_anno.json{end}",
        f"test_exp_anno.json{end}",
    ]
    assert train.explanation_maps_dirs == ()
    assert val.explanation_maps_dirs == tuple(
        tmp_path / "vqa_x" / "visual" / part for part in ("val", "test")
    )


def test_human_maps_and_instances_may_be_absent(tmp_path: Path) -> None:
    folder = VqaFolder(tmp_path, "val2014")
    assert folder.human_maps_dirs == ()
    assert folder.instances_path is folder.relevant_objects_path is None
    (tmp_path / "vqa_hat" / "val2014").mkdir(parents=True)
    instances = tmp_path / "annotations" / "instances_val2014.json"
    write_any_json(instances, {})
    assert folder.human_maps_dirs == (tmp_path / "vqa_hat" / "val2014",)
    assert folder.instances_path == instances


@pytest.mark.parametrize(
    ("name", "split", "examples", "skipped"),
    [
        ("coco_vqa_v2_mini", "train2014", 244, 0),
        ("vqa_v1_official_mini", "train2014", 2, 0),
        ("vqa_v2_official_heads", "train2014", 3, 0),
        ("vqa_v2_official_heads", "val2014", 10, 90),
    ],
)
def test_real_folders(shared: Path, name: str, split: str, examples: int, skipped: int) -> None:
    found = VqaFolder(shared / "data" / name, split).read()
    assert (len(found.examples), len(found.skipped)) == (examples, skipped)
    assert all("has no image with image_id" in record.reason for record in found.skipped)
