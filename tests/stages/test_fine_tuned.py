"""Runs that start where another one ended."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from stages.params import Params
from stages.workspace import Workspace
from tests.stages import tiny
from vqax.errors import BadData, MissingArtefact, UsageError

NAME, BACKBONE = "san_tuned", "san"


def settings(**changes: Any) -> dict[str, Any]:
    value = tiny.settings()
    value["fine_tuned"] = {
        NAME: {
            **value["runs"][BACKBONE],
            "group": "headline",
            "backbone": BACKBONE,
            "backbone_group": "headline",
            "key_objects": "none",
            "training": {"epochs": 1, "optimiser": {"name": "adamax", "lr": 1e-6}, "decay": "none"},
            **changes,
        }
    }
    return value


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "again")


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
    value["runs"][BACKBONE]["seed"] = 5
    params = tiny.write_settings(folder, value)
    with pytest.raises(BadData, match="another run"):
        tiny.train.run(params, tiny.workspace(folder), NAME)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"backbone": "mcb"}, "fine_tuned.san_tuned.backbone: 'mcb'"),
        ({"backbone_group": "ucam"}, "fine_tuned.san_tuned.backbone_group: 'ucam'"),
        ({"features": "regions"}, "fine_tuned.san_tuned.features: 'regions'"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, changes: dict[str, str], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        tiny.write_settings(tmp_path, settings(**changes))
