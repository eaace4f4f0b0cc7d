"""Other images for a run on regions: they pass the detector that its features are from."""

import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from project.dataset import load_prepared
from project.params import Params
from project.resolve import data_plan
from project.workspace import Workspace
from stages import detector, prepare, regions, scenes
from stages.explain_one import Model, explain_image, faithfulness
from stages.explain_one.loaded_model import load_run
from stages.explain_one.methods import USUAL_OF_REGIONS
from tests.stages import tiny
from tests.stages.test_detector import DETECTOR, REGIONS
from vqax.data import Example
from vqax.errors import BadData, UsageError
from vqax.files import read_parquet

ON_REGIONS = {"group": "headline", "dataset": tiny.DATASET, "features": "seen"}
RUNS = {
    "updn": {**ON_REGIONS, "model": "updn", "objective": {"name": "answer", "loss": "bce"}},
    "counter": {**ON_REGIONS, "model": "counter", "objective": {"name": "answer"}},
}


def settings() -> dict[str, Any]:
    value = tiny.settings()
    value.update(runs=RUNS, analyses={}, studies={})
    value.update(detectors={"small": DETECTOR}, regions={"seen": REGIONS})
    return value


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("regions")
    params, where = tiny.write_settings(folder, settings()), tiny.workspace(folder)
    scenes.run(params, where, tiny.DATASET)
    prepare.run(params, where, tiny.DATASET)
    detector.run(params, where, "small")
    regions.run(params, where, "seen")
    for name in RUNS:
        tiny.make_run(params, where, name)
    return folder


@pytest.fixture
def made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Params, Workspace]:
    monkeypatch.chdir(folder)
    return tiny.write_settings(folder, settings()), Workspace(
        groups=dict.fromkeys(RUNS, "headline")
    )


def first_question(made: tuple[Params, Workspace]) -> tuple[Example, Path]:
    prepared = load_prepared(data_plan(*made, tiny.DATASET))
    example = prepared.test[0]
    return example, prepared.image_path(example.image_id)


@pytest.mark.parametrize("name", RUNS)
def test_a_picture_of_its_own_data_set_is_answered_as_in_the_pipeline(
    made: tuple[Params, Workspace], tmp_path: Path, name: str
) -> None:
    example, path = first_question(made)
    found = explain_image(
        Model(name), image=path, questions=[example.question], out=tmp_path / "out", methods=[]
    )["questions"][0]
    folder = Path("data/explanations/headline") / name
    known = read_parquet(folder / "predictions.parquet").set_index("question_id")
    assert found["answer"] == known.loc[example.question_id, "answer"]
    assert list(found["maps"]) == [m for m in USUAL_OF_REGIONS if m in found["maps"]]
    assert {"attention", "grad_cam", "region_occlusion"} <= set(found["maps"])
    for method in ("attention", "grad_cam"):
        with h5py.File(folder / f"{method}.h5") as file, h5py.File(found["files"]["maps"]) as own:
            row = list(file["question_ids"][:]).index(example.question_id)
            expected, seen = file["maps"][row], own[method][:]
        np.testing.assert_allclose(seen, expected, rtol=1e-3, atol=1e-6)


def test_pixels_are_behind_the_detector(made: tuple[Params, Workspace], tmp_path: Path) -> None:
    example, path = first_question(made)
    with pytest.raises(UsageError, match="--method occlusion: needs pixels, which updn"):
        explain_image(
            Model("updn"),
            **{"image": path, "questions": [example.question], "out": tmp_path},
            methods=["occlusion"],
        )


def test_regions_are_hidden_where_the_pixels_are_behind_the_detector(
    made: tuple[Params, Workspace],
) -> None:
    example, path = first_question(made)
    asked = {"image": path, "questions": [example.question]}
    options = faithfulness.Options(methods=["attention", "region_occlusion"], steps=3, subsets=4)
    found, summary = faithfulness.run(Model("updn"), **asked, options=options)
    assert summary["unit"] == "cells"
    assert set(found.table["method"]) == {"attention", "region_occlusion", "random"}
    assert found.table.query("measure == 'deletion'")["value"].between(0, 1).all()
    with pytest.raises(UsageError, match=r"--unit patches: updn .* offers cells, words"):
        faithfulness.run(Model("updn"), **asked, options=faithfulness.Options(unit="patches"))


def test_another_detector_is_refused(folder: Path, tmp_path: Path) -> None:
    again = shutil.copytree(folder, tmp_path / "again")
    params, where = tiny.write_settings(again, settings()), tiny.workspace(again)
    path = where.detector("small") / "model.safetensors"
    weights = load_file(path)
    save_file({name: value + value.is_floating_point() for name, value in weights.items()}, path)
    with pytest.raises(BadData, match=r"seen\.h5: features of weight_hash .*set regions in"):
        load_run(params, where, "updn", device="cpu")
