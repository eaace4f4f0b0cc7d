"""Runs that start where another one ended."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from project.params import Params
from project.workspace import Workspace
from tests.stages import test_runs_on_regions as regions
from tests.stages import tiny
from vqax.errors import BadData, MissingArtefact, UsageError

NAME, BACKBONE = "updn_attreg", "updn"
FEW_STEPS = {"epochs": 1, "optimiser": {"name": "adamax", "lr": 1e-6}, "decay": "none"}


def settings(**changes: Any) -> dict[str, Any]:
    value = regions.settings()
    run = {**value["runs"][NAME], "training": FEW_STEPS, **changes}
    return {**value, "runs": {**value["runs"], NAME: run}}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backbone")
    tiny.make_run(*regions.mined(folder), BACKBONE)
    return folder


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    return shutil.copytree(trained, tmp_path / "again")


def weights(where: Workspace, name: str) -> dict[str, torch.Tensor]:
    return load_file(where.run(name) / "model.safetensors")


def made(folder: Path, **changes: Any) -> tuple[Params, Workspace]:
    params = tiny.write_settings(folder, settings(**changes))
    return params, tiny.workspace(folder)


def test_it_starts_from_the_weights_of_its_backbone(folder: Path) -> None:
    params, where = made(folder)
    tiny.make_run(params, where, NAME)
    own, before = weights(where, NAME), weights(where, BACKBONE)
    largest = max(float((own[key] - before[key]).abs().max()) for key in before)
    assert 0 < largest < 1e-4  # a few steps of 1e-6
    assert (where.scores(NAME) / "metrics.parquet").is_file()


def test_a_fresh_one_has_only_the_architecture_of_its_backbone(folder: Path) -> None:
    params, where = made(folder, fresh=True)
    tiny.make_run(params, where, NAME)
    own, before = weights(where, NAME), weights(where, BACKBONE)
    assert max(float((own[key] - before[key]).abs().max()) for key in before) > 1e-3


def test_the_backbone_has_to_be_trained_first(folder: Path) -> None:
    params, where = made(folder)
    shutil.rmtree(where.run(BACKBONE))
    with pytest.raises(MissingArtefact, match=f"vqax train {BACKBONE}|{BACKBONE}"):
        tiny.train.run(params, where, NAME)


def test_a_backbone_of_other_settings_is_not_taken(folder: Path) -> None:
    value = settings()
    value["runs"][BACKBONE] = {**value["runs"][BACKBONE], "seed": 5}
    params = tiny.write_settings(folder, value)
    with pytest.raises(BadData, match="another run"):
        tiny.train.run(params, tiny.workspace(folder), NAME)


@pytest.mark.parametrize("section", ["key_objects", "runs"])
def test_it_is_another_run_where_its_origin_is_another(folder: Path, section: str) -> None:
    params, where = made(folder)
    tiny.make_run(params, where, NAME)
    value = settings()
    if section == "key_objects":
        value["key_objects"]["plain"]["sigma"] = 1.0
    else:
        value["runs"][BACKBONE] = {**value["runs"][BACKBONE], "seed": 5}
    params = tiny.write_settings(folder, value)
    with pytest.raises(BadData, match="another run"):
        tiny.explain.run(params, where, NAME)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"backbone": "cp/lmh"}, "runs.updn_attreg.backbone: 'cp/lmh' is not one of none, .*/updn"),
        ({"backbone": "ucam/updn"}, "runs.updn_attreg.backbone: 'ucam/updn'"),
        ({"features": "grid"}, "runs.updn_attreg.features: 'grid'"),
        ({"key_objects": "all"}, "key_objects: 'all' is not one of none, plain"),
        ({"key_objects": "none"}, "key_objects: objective attreg needs an entry of key_objects"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, changes: dict[str, str], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        tiny.write_settings(tmp_path, settings(**changes))


def test_key_objects_of_other_regions_do_not_fit(tmp_path: Path) -> None:
    value = settings()
    value["regions"]["others"] = value["regions"][regions.FEATURE_FILE]
    value["key_objects"]["plain"]["regions"] = "others"
    with pytest.raises(UsageError, match="key_objects: 'plain' is not one of none"):
        tiny.write_settings(tmp_path, value)
