"""Every command that takes a name: one that nothing bears, and one whose turn has not come."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.main import main
from tests.cli.commands import assert_refused, files, vqax
from tests.stages.tiny import ROOT

SETTINGS = ("params.yaml", "tolerances.yaml")
GROUPS = ("edl", "data", "runs", "features", "regions")
UNKNOWN = [
    ("train", "sann"),
    ("explain", "sann"),
    ("score", "sann"),
    ("analyse", "nose"),
    ("compare", "ukam"),
    ("claims", "ukam"),
    ("report", "ukam"),
    ("browse", "ukam"),
    ("replication", "ukam"),
    ("check-floors", "ukam"),
    ("predict", "sann", "--split", "val2014", "--out", "x.json"),
    ("runs", "show", "sann"),
    ("table", "--study", "ukam"),
    ("check", "--study", "ukam"),
    ("edl", "train", "edl_minst"),
    ("edl", "evaluate", "rotations"),
    ("data", "scenes", "scenes_v3"),
    ("data", "prepare", "scenes_v3"),
    ("data", "agreement", "scenes_v3"),
    ("data", "statistics", "scenes_v3"),
    ("data", "contact-sheet", "scenes_v3", "sheet.png"),
    ("data", "make-cp", "cp_v3"),
    ("features", "extract", "scenes_v3"),
    ("regions", "train", "scene"),
    ("regions", "fetch", "coco"),
    ("regions", "extract", "regions_v3"),
    ("regions", "import", "bottom_up"),
    ("regions", "show", "regions_v3"),
    ("key-objects", "cp_v3"),
]
TOO_EARLY = {
    ("train", "mcb"): "data/datasets/scenes_v1/train.parquet",
    ("train", "updn_attreg"): "data/datasets/cp_v2/train.parquet",
    ("explain", "mcb"): "data/datasets/scenes_v1/train.parquet",
    ("score", "mcb"): "data/explanations/headline/mcb/predictions.parquet",
    ("analyse", "faithfulness"): "data/datasets/cp_v2/train.parquet",
    ("compare",): "data/scores/headline/lstm_qi/questions.parquet",
    ("claims", "ucam"): "results/ucam/significance/ranks.parquet",
    ("claims",): "results/claims/ucam.parquet",
    ("report",): "results/headline/significance/ranks.parquet",
    ("browse",): "data/scores/headline/",
    ("check-floors",): "data/scores/headline/",
    ("table",): "results/headline/tables",
    ("check",): "results/headline/trainings.json",
    ("edl", "evaluate", "rotation"): "data/classifiers/edl_mnist_seed20/model.json",
    ("data", "prepare", "scenes_v1"): "data/scenes/scenes_v1",
    ("data", "agreement", "scenes_v1"): "data/datasets/scenes_v1/train.parquet",
    ("data", "statistics", "scenes_v1"): "data/scenes/scenes_v1",
    ("data", "make-cp", "cp_v2"): "data/scenes/scenes_v2",
    ("regions", "train", "scenes"): "data/scenes/scenes_v2/annotations/instances_train2014.json",
    ("regions", "extract", "regions_v2"): "data/detectors/scenes/model.json",
    ("regions", "show", "regions_v2"): "run `vqax regions extract regions_v2`",
    ("key-objects", "cp_v2"): "run `vqax regions extract regions_v2`",
}
NO_NAME = {
    *[
        ("doctor",),
        ("runs",),
        ("methods",),
        ("metrics",),
        ("findings",),
        ("init",),
        ("pipeline",),
        ("code",),  # of stages: tests/stages/code
        ("align",),
        ("faithfulness",),
        ("data", "list"),
        ("repro",),
    ],  # of stages: tests/stages/test_repro.py
    *[
        ("data", "verify"),
        ("data", "priors"),
        ("data", "import"),
        ("features", "show"),
        ("features", "import"),
    ],
}


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The committed settings, and nothing made from them yet."""
    for name in SETTINGS:
        shutil.copy(ROOT / name, tmp_path)
    for path in ROOT.glob("studies/*/*.yaml"):
        copied = tmp_path / path.relative_to(ROOT)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copied)
    monkeypatch.chdir(tmp_path)


def commands(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        deeper = isinstance(command, click.Group)
        yield from commands(command, (*before, name)) if deeper else [(*before, name)]


def test_no_command_with_a_name_is_left_out() -> None:
    tried = [arguments[:2] for arguments in UNKNOWN]
    for command in set(commands(main)) - NO_NAME:
        assert any(arguments[: len(command)] == command for arguments in tried), command


@pytest.mark.parametrize("arguments", UNKNOWN, ids=" ".join)
def test_a_name_that_nothing_bears(arguments: tuple[str, ...]) -> None:
    before = files(Path())
    name = arguments[2] if arguments[1] == "--study" or arguments[0] in GROUPS else arguments[1]
    assert_refused(vqax(*arguments), 2, f"error: {name}: no such ", " has ")
    assert files(Path()) == before


@pytest.mark.parametrize(("arguments", "words"), TOO_EARLY.items(), ids=str)
def test_what_an_earlier_command_should_have_left(arguments: tuple[str, ...], words: str) -> None:
    before = files(Path())
    assert_refused(vqax(*arguments), 4, words)
    assert files(Path()) == before
