"""Detector, regions, their figure and an import, on twenty images of Scenes."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from project.feature_files import open_feature_file
from project.params import Params, load
from project.resolve import feature_plan
from project.workspace import Workspace
from stages import detector, import_regions, regions, scenes, show_regions
from tests.stages import tiny
from tests.vision.test_imported import tsv_line
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.vision import RegionFile
from vqax.vision.trained_detector import stored_detector

BOXES = 6
ROOT = "data/scenes/scenes_v1"
DETECTOR = {
    "root": ROOT,
    "split": "train2014",
    "val_split": "val2014",
    "epochs": 1,
    "batch_size": 4,
    "lr": 0.001,
    "clip": 5.0,
    "precision": "fp32",
    "sizes": {"input_px": 64, "channels": 8, "pool": 2, "width": 6, "anchors_px": [16]},
}
REGIONS = {"root": ROOT, "splits": ["train2014", "val2014"], "detector": "small", "boxes": BOXES}


def settings(**sections: object) -> dict:
    """The data set of the tests, and nothing that is trained on it."""
    value = tiny.settings()
    kept = ("seed", "scenes", "datasets", "grids", "text", "models", "training", "explain", "score")
    empty = ("runs", "analyses", "studies")
    return {name: value[name] for name in kept} | {name: {} for name in empty} | sections


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Params, Workspace]:
    """A trained detector and the regions it sees."""
    root = tmp_path_factory.mktemp("regions")
    value = settings(detectors={"small": DETECTOR}, regions={"seen": REGIONS})
    (root / "params.yaml").write_text(yaml.safe_dump(value), encoding="utf-8")
    params, workspace = load(root / "params.yaml"), Workspace(root)
    scenes.run(params, workspace, tiny.DATASET)
    detector.run(params, workspace, "small")
    regions.run(params, workspace, "seen")
    return params, workspace


def test_a_detector_is_kept_with_what_builds_it_and_what_it_finds(
    made: tuple[Params, Workspace],
) -> None:
    _, workspace = made
    folder = workspace.detector("small")
    kept, origin = stored_detector(folder)
    assert origin == "ImageNet image encoder, trained on train2014 of scenes_v1"
    assert {"blue", "red"} <= set(kept.attribute_names)
    metrics = pd.read_parquet(folder / "metrics.parquet").set_index("metric")
    assert list(metrics.index) == ["recall", "best_iou", "label_accuracy", "attribute_accuracy"]
    assert metrics["value"].drop("label_accuracy").drop("attribute_accuracy").between(0, 1).all()
    assert set(metrics["run"]) == {"detector/small"}
    history = pd.read_parquet(folder / "history.parquet")
    assert np.isfinite(history["value"]).all()
    assert {"loss", "classes", "attributes"} <= set(history["metric"])
    assert len(pd.read_parquet(folder / "skipped.parquet")) == 0


def test_a_region_store_has_every_picture(made: tuple[Params, Workspace]) -> None:
    params, workspace = made
    feature_file = open_feature_file(feature_plan(params, workspace, "seen"))
    assert isinstance(feature_file, RegionFile)
    images = list((workspace.root / ROOT / "images").rglob("*.jpg"))
    assert len(feature_file.image_ids) == len(images)
    assert feature_file.boxes_per_image == BOXES
    assert feature_file.class_names == stored_detector(workspace.detector("small"))[0].class_names
    assert (feature_file.sizes(feature_file.image_ids) == 224).all()
    skipped = pd.read_parquet(workspace.features("seen").with_name("seen_skipped.parquet"))
    assert len(skipped) == 0


def test_a_second_extraction_writes_the_same_bytes(made: tuple[Params, Workspace]) -> None:
    params, workspace = made
    before = workspace.features("seen").read_bytes()
    regions.run(params, workspace, "seen", workers=1)
    assert workspace.features("seen").read_bytes() == before


def test_what_the_detector_finds_is_drawn(made: tuple[Params, Workspace]) -> None:
    params, workspace = made
    summary = show_regions.run(params, workspace, "seen", images=3)
    assert 0 <= summary["recall"] <= 1
    assert [Path(figure).name for figure in summary["figures"]] == [
        "detections.png",
        "detection_scores.png",
    ]
    assert all(Path(figure).stat().st_size > 1000 for figure in summary["figures"])
    drawn = pd.read_parquet(Path(summary["figures"][0]).with_suffix(".parquet"))
    instances = json.loads(
        (workspace.root / ROOT / "annotations/instances_val2014.json").read_text()
    )
    held_out = {image["id"] for image in instances["images"]}
    assert set(drawn["image_id"]) <= held_out
    sure = drawn["score"].dropna()
    assert (sure >= 0.5).all()


def test_a_store_of_a_detector_that_was_not_trained(made: tuple[Params, Workspace]) -> None:
    params, workspace = made
    other = params.regions["seen"].model_copy(update={"detector": "absent"})
    changed = params.model_copy(update={"regions": {"seen": other}})
    with pytest.raises(MissingArtefact, match=r"absent/model\.json"):
        regions.run(changed, workspace, "seen")
    with pytest.raises(BadData, match="features of extractor small, expected absent"):
        open_feature_file(feature_plan(changed, workspace, "seen"))


def test_a_split_without_instances(made: tuple[Params, Workspace], tmp_path: Path) -> None:
    params, _ = made
    (tmp_path / ROOT).mkdir(parents=True)
    with pytest.raises(MissingArtefact, match=r"instances_train2014\.json: no such file"):
        detector.run(params, Workspace(tmp_path), "small")


def test_pictures_without_published_features_are_listed(made: tuple[Params, Workspace]) -> None:
    params, workspace = made
    ids = sorted(open_feature_file(feature_plan(params, workspace, "seen")).image_ids.tolist())
    source = workspace.root / "features.tsv"
    source.write_bytes(b"".join(tsv_line(one) for one in ids[:-2]) + tsv_line(ids[-2])[:50])
    spec = {"source": "features.tsv", "boxes": 3, "dataset": tiny.DATASET}
    imported = params.model_validate({**params.model_dump(), "imported_regions": {"public": spec}})
    summary = import_regions.run(imported, workspace, "public")
    assert (summary["skipped"], summary["images without features"]) == (1, 1)
    table = pd.read_parquet(workspace.features("public").with_name("public_skipped.parquet"))
    assert table["entry"].tolist() == [f"image_id {ids[-2]}", f"image_id {ids[-1]}"]
    feature_file = open_feature_file(feature_plan(imported, workspace, "public"))
    assert feature_file.image_ids.tolist() == ids[:-2]
    named = imported.imported_regions["public"].model_copy(update={"vocabulary": Path("vocab")})
    with pytest.raises(UsageError, match="has no classes to name"):
        import_regions.of_file(imported, workspace, "public", named)


def test_names_that_nothing_bears(tmp_path: Path) -> None:
    public = {"source": "f.tsv", "dataset": "nobody"}
    value = settings(regions={"seen": REGIONS}, imported_regions={"public": public})
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(value), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load(tmp_path / "params.yaml")
    assert "regions.seen.detector: 'small' cannot be used" in str(caught.value)
    assert "imported_regions.public.dataset: 'nobody' is not one of scenes_v1" in str(caught.value)
