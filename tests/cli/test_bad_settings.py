"""Unknown runs and parameters, weights and checkpoints of another model."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.cli.commands import assert_refused, files, vqax

DATASET = "scenes_v1"
pytestmark = pytest.mark.usefixtures("workspace")


def change(*path: str, value: object) -> None:
    settings = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    section = settings
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = value
    Path("params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


@pytest.mark.parametrize("command", ["train", "explain", "score"])
def test_an_unknown_run_names_the_known_ones(command: str) -> None:
    before = files(Path())
    assert_refused(vqax(command, "bert"), 2, "bert: no such run", "lstm_qi, san, san_p_gca, mcb")
    assert files(Path()) == before


@pytest.mark.parametrize(
    ("command", "kind"),
    [(("data", "prepare"), "data set"), (("features", "extract"), "feature file")],
)
def test_an_unknown_data_set_names_the_known_ones(command: tuple[str, ...], kind: str) -> None:
    assert_refused(vqax(*command, "vqa_v9"), 2, f"vqa_v9: no such {kind}", "scenes_v1")


def test_all_mistakes_are_listed_at_once_also_those_in_names_of_code() -> None:
    change("training", "epochs", value=0)
    change("runs", "mcb", "modell", value="mcb")
    change("runs", "san", "dataset", value="scenes_v3")
    change("models", "mcb", "sketchh", value=5)
    change("models", "san", "hidden", value="wide")
    change("explain", "methods", value=["attention", "lime"])
    change("grids", DATASET, "extractor", value="resnet19")
    before = files(Path())
    assert_refused(
        vqax("train", "mcb"),
        2,
        *["params.yaml: 7 mistake(s)", "training.epochs", "runs.mcb.modell", "'scenes_v3'"],
        *["models.mcb.sketchh", "models.san.hidden", "'wide'", "'lime'", "attention, grad_cam"],
        *["'resnet19'", "efficientnet_lite0"],
    )
    assert files(Path()) == before


def test_light_commands_do_not_wait_for_torch_to_list_theirs() -> None:
    change("training", "epochs", value=0)
    assert_refused(vqax("runs"), 2, "params.yaml: 1 mistake(s)", "training.epochs", "given: 0")


def test_settings_that_are_not_yaml() -> None:
    Path("params.yaml").write_text("runs: {mcb: [", encoding="utf-8")
    assert_refused(vqax("train", "mcb"), 2, "params.yaml: not valid YAML", "mend")


def test_an_unknown_table_names_the_known_ones() -> None:
    assert_refused(vqax("table", "ucam/XI"), 2, "ucam/XI: no such table", "ucam/I, ucam/II")


def test_weights_of_another_architecture() -> None:
    shutil.copytree("data/runs/headline/san", "data/runs/headline/mcb", dirs_exist_ok=True)
    before = files(Path("data"))
    assert_refused(
        vqax("explain", "mcb"),
        3,
        "data/runs/headline/mcb/model.safetensors",
        "another model",
        "train",
    )
    assert files(Path("data")) == before


def test_weights_of_other_settings() -> None:
    change("runs", "mcb_p_gca", "objective", "certainty", "gain", value=0.5)
    before = files(Path("data"))
    assert_refused(
        vqax("explain", "mcb_p_gca"),
        3,
        *["data/runs/headline/mcb_p_gca/model.json", "certainty.gain was", "is 0.5"],
        "vqax train mcb_p_gca",
    )
    assert files(Path("data")) == before


def test_weights_cut_in_the_middle() -> None:
    path = Path("data/runs/headline/mcb/model.safetensors")
    path.write_bytes(path.read_bytes()[:1000])
    assert_refused(vqax("explain", "mcb"), 3, str(path), "; run `vqax train mcb`")


def test_a_device_that_is_not_there() -> None:
    for device in ("tpu", "cuda:99"):
        assert_refused(vqax("train", "mcb", "--device", device), 2, device, "cpu")
