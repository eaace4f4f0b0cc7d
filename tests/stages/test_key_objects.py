"""Key objects of a small Scenes data set, with regions that are known to be right."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from project.dataset import PARTS, load_prepared
from project.params import Params, load
from project.resolve import data_plan
from project.workspace import Workspace
from stages import key_objects, prepare, scenes
from tests.stages import tiny
from vqax.data.coco import read_instances
from vqax.errors import BadData, UsageError
from vqax.files import read_parquet
from vqax.vision import FeatureWriter
from vqax.vision.regions import Regions, region_columns

NAMES = ("cat", "car", "dog", "apple", "bicycle", "umbrella", "fish", "plane", "qqzzx")
SETTINGS = {"dataset": tiny.DATASET, "regions": "regions_v1", "sigma": 0.6, "top": 3}
DETECTOR = {
    "root": "data/scenes/scenes_v1", "split": "train2014", "val_split": "val2014", "epochs": 1,
    "batch_size": 2, "lr": 0.1, "clip": 5.0, "precision": "fp32",
}  # fmt: skip
REGIONS = {"root": DETECTOR["root"], "splits": ["train2014", "val2014"], "detector": "scenes"}


def write_regions(path: Path, root: Path, classes: int | None = None) -> None:
    """Six regions an image: its objects, each 1 px too narrow, then boxes of no known class."""
    found: dict[int, list[Any]] = {}
    for split in ("train2014", "val2014"):
        for one in read_instances(root / "annotations" / f"instances_{split}.json"):
            found.setdefault(one.image_id, []).append(one)
    attributes = {"extractor": "scenes", "class_names": json.dumps(NAMES)}
    columns = region_columns(6)
    with FeatureWriter(path, sorted(found), (1, 6), 2, attributes, columns=columns) as writer:
        for image_id, objects in found.items():
            boxes = np.tile(np.array([0, 0, 3, 3], "f4"), (6, 1))
            numbers = np.full(6, -1)
            for k, one in enumerate(objects):
                x, y, w, h = one.box_px
                boxes[k] = (x + 1, y, x + w, y + h)
                numbers[k] = NAMES.index(one.category) if classes is None else classes
            regions = Regions(np.zeros((6, 2), "f4"), boxes, numbers, np.ones(6, "f4"), (224, 224))
            writer.write(image_id, regions.features, **regions.columns)
        writer.finish()


@pytest.fixture(scope="module")
def mined(tmp_path_factory: pytest.TempPathFactory) -> tuple[Params, Workspace]:
    folder = tmp_path_factory.mktemp("key_objects")
    settings = tiny.settings()
    settings["detectors"] = {"scenes": DETECTOR}
    settings["regions"] = {"regions_v1": REGIONS}
    settings["key_objects"] = {"plain": SETTINGS, "same": {**SETTINGS, "sigma": 1.0}}
    params, workspace = tiny.write_settings(folder, settings), Workspace(folder)
    scenes.run(params, workspace, tiny.DATASET)
    prepare.run(params, workspace, tiny.DATASET)
    write_regions(workspace.features("regions_v1"), workspace.data / "scenes" / "scenes_v1")
    for name in params.key_objects:
        key_objects.run(params, workspace, name)
    return params, workspace


def test_boxes_that_the_words_name(mined: tuple[Params, Workspace]) -> None:
    table = read_parquet(mined[1].key_objects("same"))
    assert (table["word"] == table["category"]).all()
    assert np.allclose(table["similarity"], 1)
    loose = read_parquet(mined[1].key_objects("plain"))
    assert len(loose) > len(table)
    assert (
        loose.groupby("question_id")["similarity"].apply(lambda s: s.is_monotonic_decreasing).all()
    )
    assert loose.groupby("question_id").size().max() <= 3
    assert loose["similarity"].min() >= 0.6 - 1e-6


def test_questions_of_every_part_and_their_pictures(mined: tuple[Params, Workspace]) -> None:
    table = read_parquet(mined[1].key_objects("plain"))
    prepared = load_prepared(data_plan(*mined, tiny.DATASET))
    image_of = {e.question_id: e.image_id for part in PARTS for e in prepared.part(part)}
    assert table["question_id"].map(image_of).equals(table["image_id"].rename("question_id"))
    for part in map(prepared.part, PARTS):
        assert table["question_id"].isin([e.question_id for e in part]).any()


def summary(workspace: Workspace, name: str) -> pd.Series:
    path = workspace.key_objects(name).with_name(f"{name}_summary.parquet")
    return read_parquet(path).set_index(["part", "metric"])["value"]


def test_the_share_of_questions_and_how_right_they_are(mined: tuple[Params, Workspace]) -> None:
    strict, loose = (summary(mined[1], name) for name in ("same", "plain"))
    share = ("train", "questions_with_key_objects")
    assert 0 < strict[share] < loose[share] <= 1
    for part in ("train", "validation", "test"):
        assert strict[part, "reachable"] == 1
        assert strict[part, "precision"] >= loose[part, "precision"]
        assert strict[part, "recall"] <= loose[part, "recall"] <= 1
    table = read_parquet(mined[1].key_objects("same"))
    train = [e.question_id for e in load_prepared(data_plan(*mined, tiny.DATASET)).train]
    asked = table.loc[table["question_id"].isin(train), "question_id"].nunique()
    assert strict[share] == pytest.approx(asked / len(train))


def test_a_category_without_a_vector_is_listed(mined: tuple[Params, Workspace]) -> None:
    path = mined[1].key_objects("plain").with_name("plain_skipped.parquet")
    skipped = read_parquet(path)
    assert skipped["entry"].tolist() == ["category 'qqzzx'"]
    assert "has no word vector" in skipped["reason"][0]


def test_a_class_without_a_name(mined: tuple[Params, Workspace], tmp_path: Path) -> None:
    workspace = copied(mined[1], tmp_path)
    write_regions(workspace.features("regions_v1"), workspace.data / "scenes" / "scenes_v1", 44)
    with pytest.raises(BadData, match="classes of image_id 1 hold 44"):
        key_objects.run(mined[0], workspace, "plain")


def test_regions_without_classes(mined: tuple[Params, Workspace], tmp_path: Path) -> None:
    workspace = copied(mined[1], tmp_path)
    write_regions(workspace.features("regions_v1"), workspace.data / "scenes" / "scenes_v1", -1)
    with pytest.raises(BadData, match="no box has a class"):
        key_objects.run(mined[0], workspace, "plain")


def test_settings_that_do_not_fit(mined: tuple[Params, Workspace], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such set of key objects"):
        key_objects.run(*mined, "other")
    settings = tiny.settings()
    settings["key_objects"] = {"plain": {**SETTINGS, "dataset": "mine"}}
    with pytest.raises(UsageError) as caught:
        tiny.write_settings(tmp_path, settings)
    assert "key_objects.plain.dataset: 'mine' is not one of scenes_v1" in str(caught.value)
    assert "key_objects.plain.regions: 'regions_v1' cannot be used" in str(caught.value)
    settings["key_objects"] = {}
    settings["text"]["vectors"] = "none"
    tiny.write_settings(tmp_path, settings)
    without = load(tmp_path / "params.yaml").model_copy(
        update={"key_objects": mined[0].key_objects}
    )
    with pytest.raises(UsageError, match=r"text\.vectors is none"):
        key_objects.run(without, mined[1], "plain")


def copied(workspace: Workspace, folder: Path) -> Workspace:
    shutil.copytree(workspace.root, folder / "copy")
    return Workspace(folder / "copy")
