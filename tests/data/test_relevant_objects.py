"""Which instances a question needs: written by Scenes, read with all that may be wrong."""

import json
from pathlib import Path

import pytest

from vqax.data.coco import Instance, write_instances
from vqax.data.folder import VqaFolder
from vqax.data.records import Skipped
from vqax.data.relevant_objects import RelevantObject, read_relevant_objects, write_relevant_objects
from vqax.errors import BadData, MissingArtefact
from vqax.files import read_parquet

from .small import example


def folder(root: Path, relevant: dict[int, list[int]]) -> VqaFolder:
    """Two cats in image 1, a dog in image 2."""
    instances = [
        Instance(1, "cat", (0.0, 0.0, 10.0, 5.0)),
        Instance(1, "cat", (20.0, 20.0, 4.0, 6.0)),
        Instance(2, "dog", (1.0, 1.0, 2.0, 2.0)),
    ]
    write_instances(
        root / "annotations" / "instances_train2014.json",
        instances,
        data_subtype="train2014",
        sizes_px={1: (30, 30), 2: (30, 30)},
    )
    write_relevant_objects(root / "annotations" / "relevant_objects_train2014.json", relevant)
    return VqaFolder(root, "train2014")


def test_boxes_of_needed_instances(tmp_path: Path) -> None:
    one = folder(tmp_path, {10: [1, 2], 11: [], 20: [3], 99: [7]})
    found = read_relevant_objects(one, [example(10, "is", "yes"), example(11, "is", "no")])
    assert found == {
        10: [
            RelevantObject("cat", (0.0, 0.0, 10.0, 5.0)),
            RelevantObject("cat", (20.0, 20.0, 24.0, 26.0)),
        ],
        11: [],
    }


def test_folders_that_do_not_say(tmp_path: Path) -> None:
    assert read_relevant_objects(VqaFolder(tmp_path, "train2014"), [example(10, "is", "yes")]) == {}


@pytest.mark.parametrize(
    ("relevant", "said"),
    [
        ({10: [4]}, "question_id 10 needs instance 4, which there is not"),
        ({10: [1, 3]}, "question_id 10 needs instance 3 of image_id 2, but asks about 1"),
    ],
)
def test_wrong_instances(tmp_path: Path, relevant: dict[int, list[int]], said: str) -> None:
    one, examples = folder(tmp_path, relevant), [example(10, "is", "yes")]
    with pytest.raises(BadData, match=said):
        read_relevant_objects(one, examples)
    skipped: list[Skipped] = []
    assert read_relevant_objects(one, examples, skipped) == {}
    assert [item.entry for item in skipped] == ["question_id 10"]


def test_a_question_twice(tmp_path: Path) -> None:
    one = folder(tmp_path, {10: [1]})
    assert one.relevant_objects_path is not None
    value = json.loads(one.relevant_objects_path.read_text())
    value["relevant_objects"] *= 2
    one.relevant_objects_path.write_text(json.dumps(value))
    with pytest.raises(BadData, match="question_id 10 occurs twice"):
        read_relevant_objects(one, [example(10, "is", "yes")])


def test_without_instances(tmp_path: Path) -> None:
    one = folder(tmp_path, {10: [1]})
    assert one.instances_path is not None
    one.instances_path.unlink()
    with pytest.raises(MissingArtefact, match=r"no instances_train2014\.json beside it"):
        read_relevant_objects(one, [example(10, "is", "yes")])


@pytest.mark.parametrize("flavour", ["scenes_v1", "scenes_v2"])
def test_scenes_says_what_its_facts_say(flavour: str, request: pytest.FixtureRequest) -> None:
    root: Path = request.getfixturevalue(flavour)
    facts = read_parquet(root / "scene_facts.parquet").set_index("question_id")
    for split in ("train2014", "val2014"):
        one = VqaFolder(root, split)
        found = read_relevant_objects(one, one.read().examples)
        assert found.keys() == set(facts.index[facts["split"] == split])
        for question_id, objects in found.items():
            row = facts.loc[question_id]
            assert [o.category for o in objects] == list(row["relevant_categories"])
            wanted = [(x, y, x + w, y + h) for x, y, w, h in row["relevant_boxes_px"]]
            assert [o.box_px for o in objects] == wanted
