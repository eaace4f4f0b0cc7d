"""An error about what a stage should have left names the command that makes it."""

import shutil
from pathlib import Path

import pytest
import yaml

from project.params import load
from project.workspace import Workspace
from stages.made_by import command_for
from tests.cli.commands import assert_refused, vqax
from tests.stages import tiny


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings and the pipeline of the repository, nothing made yet."""
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(tiny.ROOT / name, tmp_path)
    for path in tiny.ROOT.glob("studies/*/*.yaml"):
        copied = tmp_path / path.relative_to(tiny.ROOT)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copied)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("output", "command"),
    [
        ("data/scenes/scenes_v1", "scenes@scenes_v1"),
        ("data/scenes/scenes_v1/images/train2014/a.png", "scenes@scenes_v1"),
        ("data/datasets/cp_v2/train.parquet", "prepare@cp_v2"),
        ("data/features/scenes_v1.h5", "features@scenes_v1"),
        ("data/features/regions_v2.h5", "regions@regions_v2"),
        ("data/features/regions_v2_skipped.parquet", "regions@regions_v2"),
        ("data/key_objects/cp_v2.parquet", "key_objects@cp_v2"),
        ("data/scores/headline/mcb/metrics.parquet", "score@mcb"),
        ("data/analyses/noise", "analyse@noise"),
        ("data/classifiers/edl_mnist_seed22/model.json", "classify@edl_mnist_seed22"),
        ("results/ucam/significance/ranks.parquet", "compare_ucam"),
        ("results/claims/ucam.parquet", "claims_ucam"),
        ("results/claims.parquet", "claims"),
        ("results/headline/metrics.json", "compare_headline"),
    ],
)
def test_every_output_knows_its_stage(folder: Path, output: str, command: str) -> None:
    assert command_for(Path(output)) == f"vqax repro {command}"
    assert command_for(folder / output) == f"vqax repro {command}"


@pytest.mark.parametrize("output", ["data/features/mine.h5", "mine.json", "/etc/passwd", "data"])
def test_what_no_stage_makes_has_no_command(folder: Path, output: str) -> None:
    assert command_for(Path(output)) is None


def test_a_folder_without_a_pipeline_is_told_the_stage_alone(folder: Path) -> None:
    (folder / "dvc.yaml").unlink()
    assert command_for(Path("data/runs/headline/mcb/model.json")) == "vqax train mcb"
    weights = Path("data/classifiers/edl_mnist_seed22/model.json")
    assert command_for(weights) == "vqax edl train edl_mnist --seed 22"
    assert command_for(Path("data/datasets/cp_v2/card.json")) == "vqax data prepare cp_v2"
    assert command_for(Path("results/ucam/ranks.parquet")) == "vqax compare ucam"


def test_every_run_is_made_by_a_stage(folder: Path) -> None:
    params = load()
    where = Workspace(groups=params.groups)
    stages = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
    for run in params.runs:
        command = command_for(where.run(run) / "model.safetensors")
        assert command is not None
        stage, _, key = command.removeprefix("vqax repro ").partition("@")
        assert (key, stage in stages) == (run, True)


@pytest.mark.parametrize(
    ("arguments", "missing", "stage"),
    [
        (("train", "mcb"), "data/datasets/scenes_v1", "prepare@scenes_v1"),
        (("score", "mcb"), "data/explanations/headline/mcb", "explain@mcb"),
        (("compare",), "data/scores/headline/lstm_qi", "score@lstm_qi"),
        (("report",), "results/headline", "compare_headline"),
        (("claims",), "results/claims", "claims_ucam"),
        (("data", "prepare", "scenes_v1"), "data/scenes/scenes_v1", "scenes@scenes_v1"),
        (("data", "agreement", "scenes_v1"), "data/datasets/scenes_v1", "prepare@scenes_v1"),
    ],
)
def test_a_command_too_early_is_told_what_comes_first(
    folder: Path, arguments: tuple[str, ...], missing: str, stage: str
) -> None:
    assert_refused(vqax(*arguments), 4, missing, f"; run `vqax repro {stage}`")


def test_a_file_of_the_user_s_is_not_made_by_a_stage(folder: Path) -> None:
    files = ("--questions", "q.json", "--annotations", "a.json", "--results", "r.json")
    result = vqax("score", *files)
    assert_refused(result, 4, "q.json")
    assert "repro" not in result.stderr


@pytest.mark.parametrize(
    ("path", "stage"),
    [
        ("data/scores/headline/mcb/metrics.parquet", "score@mcb"),
        ("data/features/scenes_v1.h5", "features@scenes_v1"),
    ],
)
def test_a_damaged_output_names_its_stage_too(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, stage: str
) -> None:
    folder = tmp_path / "work"
    shutil.copytree(finished, folder)
    shutil.copy(tiny.ROOT / "dvc.yaml", folder)
    monkeypatch.chdir(folder)
    Path(path).write_bytes(b"cut")
    command = ("compare",) if "scores" in path else ("explain", "mcb")
    assert_refused(vqax(*command), 3, path, f"; run `vqax repro {stage}`")
