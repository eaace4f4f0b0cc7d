"""COCO instances files, written and read, and every bad entry."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO

from vqax.data.coco import (
    Instance,
    read_instances,
    read_instances_by_id,
    write_instances,
)
from vqax.data.masks import decode_mask, encode_mask
from vqax.data.records import Skipped
from vqax.errors import BadData

MASK = np.zeros((8, 10), dtype=bool)
MASK[2:5, 1:4] = True
DOG = Instance(70, "dog", (1.0, 2.0, 3.0, 3.0), encode_mask(MASK), ("red",))
CAT = Instance(70, "cat", (4.0, 0.0, 6.0, 8.0))


def write(path: Path) -> Path:
    write_instances(path, [DOG, CAT], data_subtype="val2014", sizes_px={70: (8, 10), 71: (8, 10)})
    return path


def change(path: Path, **changes: Any) -> Path:
    value = json.loads(write(path).read_text())
    value["annotations"][1] |= changes
    path.write_text(json.dumps(value))
    return path


def test_instances_survive_the_round_trip(tmp_path: Path) -> None:
    assert read_instances(write(tmp_path / "i.json")) == [DOG, CAT]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_pycocotools_reads_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    coco = COCO(write(tmp_path / "i.json"))
    capsys.readouterr()
    (dog,) = coco.loadAnns(coco.getAnnIds(catIds=coco.getCatIds(["dog"])))
    assert dog["area"] == 9
    assert np.array_equal(coco.annToMask(dog), MASK)
    assert coco.loadImgs(71)[0]["file_name"] == "COCO_val2014_000000000071.jpg"
    assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == ["cat", "dog"]


def test_polygons_of_an_official_file_become_masks(tmp_path: Path) -> None:
    path = change(tmp_path / "i.json", segmentation=[[4.0, 0.0, 9.0, 0.0, 9.0, 7.0, 4.0, 7.0]])
    cat = read_instances(path)[1]
    assert cat.mask_rle is not None
    assert decode_mask(cat.mask_rle)[1:7, 5:9].all()


def test_attributes_are_optional(tmp_path: Path) -> None:
    path = write(tmp_path / "i.json")
    value = json.loads(path.read_text())
    del value["annotations"][0]["attributes"]
    path.write_text(json.dumps(value))
    assert read_instances(path)[0].attributes == ()


@pytest.mark.parametrize("bbox", [[4.0, 0.0, 6.9, 8.0], [-0.5, 0.0, 6.0, 8.0]])
def test_official_boxes_may_pass_the_edge_by_a_fraction(tmp_path: Path, bbox: list[float]) -> None:
    assert read_instances(change(tmp_path / "i.json", bbox=bbox))[1].box_px == tuple(bbox)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bbox": [4, 0, 60, 8]}, "has bbox [4, 0, 60, 8] outside its 10x8 px image or empty; "),
        ({"bbox": [4, 0, 6, 10]}, "has bbox [4, 0, 6, 10] outside its 10x8 px image or empty; "),
        ({"bbox": [-3, 0, 6, 8]}, "outside its 10x8 px image or empty; correct it or delete"),
        ({"bbox": [4, 0, 0, 8]}, "outside its 10x8 px image or empty; correct it or delete"),
        ({"bbox": [4, 0, float("nan"), 8]}, "outside its 10x8 px image or empty; correct it"),
        ({"bbox": [4, 0, 6]}, "not four numbers; write x, y, width, height in pixels"),
        ({"bbox": None}, "has bbox None, which is not list; take it"),
        ({"image_id": 5}, "has image_id 5, which 'images' lacks; add it or delete this"),
        ({"category_id": 9}, "has category_id 9, which 'categories' lacks; add it or delete this"),
        ({"category_id": None}, "has category_id None, which is not int"),
        ({"category_id": 10**30}, "beyond 9223372036854775807"),
        ({"bbox": [True, 0, 6, 8]}, "has bbox [True, 0, 6, 8], not four numbers"),
        ({"bbox": [10**400, 0, 6, 8]}, "outside its 10x8 px image"),
        ({"attributes": None}, "has attributes None, not a list of words"),
        ({"attributes": [3]}, "has attributes [3], not a list of words"),
        ({"segmentation": {}}, "{}, neither polygons nor size and counts"),
        ({"segmentation": 7}, "7, neither polygons nor size and counts"),
        ({"segmentation": {"size": [8, 9], "counts": [72]}}, "its image has [8, 10]"),
        ({"segmentation": {"size": "1", "counts": [80]}}, "size '1', but its image has"),
        ({"segmentation": {"size": [8, 10], "counts": [79]}}, "runs of 79 pixels, but its image"),
        ({"segmentation": {"size": [8, 10], "counts": [90, -10]}}, "which are no lengths of runs"),
        ({"segmentation": {"size": [8, 10], "counts": None}}, "which are no lengths of runs"),
        ({"segmentation": {"size": [8, 10], "counts": "garbage é"}}, "which are no runs"),
        ({"segmentation": {"size": [8, 10], "counts": "P"}}, "whose last run is cut"),
        ({"segmentation": {"size": [8, 10], "counts": ""}}, "runs of 0 pixels, but its image"),
        ({"segmentation": [[1, 1, 2, 2]]}, "no polygon of three or more corners"),
        ({"segmentation": [[1, 1, 2, 2, 3, None]]}, "a corner that is no number or far outside"),
        ({"segmentation": [[1, 1, 2, 2, 3, 1e300]]}, "a corner that is no number or far outside"),
        ({"segmentation": [1, 1, 2, 2, 3, 3]}, "no polygon of three or more corners"),
    ],
)
def test_a_bad_entry(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = change(tmp_path / "i.json", **changes)
    with pytest.raises(BadData) as caught:
        read_instances(path)
    assert str(caught.value).startswith(f"{path}: annotation 2 ")
    assert message in str(caught.value)
    skipped: list[Skipped] = []
    assert read_instances(path, skipped) == [DOG]
    assert [(record.file, record.entry) for record in skipped] == [(str(path), "annotation 2")]


@pytest.mark.parametrize("key", ["images", "annotations", "categories"])
def test_a_missing_list(tmp_path: Path, key: str) -> None:
    path = write(tmp_path / "i.json")
    value = json.loads(path.read_text())
    del value[key]
    path.write_text(json.dumps(value))
    with pytest.raises(BadData) as caught:
        read_instances(path)
    assert str(caught.value) == f"{path}: has no '{key}' list; give an official instances file"


def test_an_image_without_size(tmp_path: Path) -> None:
    path = write(tmp_path / "i.json")
    value = json.loads(path.read_text())
    del value["images"][0]["width"]
    path.write_text(json.dumps(value))
    with pytest.raises(BadData, match=r"i\.json: image 70 has no 'width'; take it"):
        read_instances(path)


def test_a_file_cut_in_the_middle(tmp_path: Path) -> None:
    path = write(tmp_path / "i.json")
    path.write_text(path.read_text()[:200])
    with pytest.raises(BadData, match=r"i\.json: not a whole JSON file .*fetch or write it again"):
        read_instances(path)


@pytest.mark.parametrize(
    ("key", "entry", "reason"),
    [
        ("images", {"id": 72, "height": "480", "width": 640}, "image 72 has height '480', which"),
        ("images", {"id": 72, "height": 0, "width": 640}, "image 72 has 640x0 px, not 1 to 46,340"),
        ("images", {"id": 72, "height": 10**9, "width": 640}, "image 72 has 640x1000000000 px"),
        (
            "images",
            {"id": [], "height": 8, "width": 10},
            r"image number 3 has id \[\], which is not",
        ),
        ("images", {"id": 70, "height": 9, "width": 10}, "image 70 occurs twice and differs"),
        ("images", None, "image number 3 is NoneType, not an object"),
        ("categories", {"id": 9, "name": None}, "category 9 has name None, which is not str"),
        ("categories", {"id": 9, "name": " "}, "category 9 has an empty name"),
        ("categories", {"id": 1, "name": "cow"}, "category 1 occurs twice and differs"),
    ],
)
def test_a_bad_image_or_category_is_listed(
    tmp_path: Path, key: str, entry: Any, reason: str
) -> None:
    path = write(tmp_path / "i.json")
    value = json.loads(path.read_text())
    value[key].append(entry)
    path.write_text(json.dumps(value))
    with pytest.raises(BadData, match=rf"i\.json: {reason}"):
        read_instances(path)
    skipped: list[Skipped] = []
    assert read_instances(path, skipped) == [DOG, CAT]
    assert len(skipped) == 1


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ([], r"annotation number 2 has id \[\], which is not int"),
        (None, "annotation number 2 has id None, which is not int"),
        (1, "annotation 1 occurs twice; keep one of the two entries"),
    ],
)
def test_a_bad_id(tmp_path: Path, number: Any, message: str) -> None:
    path = change(tmp_path / "i.json", id=number)
    for read in (read_instances, read_instances_by_id):
        with pytest.raises(BadData, match=rf"i\.json: {message}"):
            read(path)
        skipped: list[Skipped] = []
        assert len(read(path, skipped)) == len(skipped) == 1


def test_both_forms_of_runs_are_read(tmp_path: Path) -> None:
    runs = [8 * 4, 8, 8 * 5]
    path = change(tmp_path / "i.json", segmentation={"size": [8, 10], "counts": runs})
    mask = read_instances(path)[1].mask_rle
    assert mask is not None
    assert decode_mask(mask).sum(axis=0).tolist() == [0, 0, 0, 0, 8, 0, 0, 0, 0, 0]
    packed = change(tmp_path / "i.json", segmentation=mask)
    assert read_instances(packed)[1].mask_rle == mask


def test_boxes_are_read_without_masks_where_those_are_damaged(tmp_path: Path) -> None:
    path = change(tmp_path / "i.json", segmentation={"size": [1, 1], "counts": "x"})
    assert set(read_instances_by_id(path)) == {1, 2}
