from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from project.overrides import merged
from project.params import load
from project.resolve import train_settings
from project.schema import Optimiser, Training
from project.settings_files import read_whole
from stages.components import load_whole
from vqax.errors import MissingArtefact, UsageError
from vqax.settings import OptimiserSettings, TrainSettings

ROOT = Path(__file__).resolve().parents[2]
DATASET = "scenes_v1"


def settings() -> dict:
    return {**read_whole(ROOT / "params.yaml"), "folders": []}


def written(folder: Path, value: object) -> Path:
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
    return path


def test_the_committed_settings_are_whole() -> None:
    params = load_whole(ROOT / "params.yaml")
    assert params.runs


def test_all_mistakes_are_listed_at_once(tmp_path: Path) -> None:
    wrong = settings()
    wrong["training"]["epochs"] = "many"
    wrong["grids"][DATASET]["extracter"] = "vgg16"
    wrong["explain"]["samples"] = 0
    wrong["runs"]["mcb"]["model"] = "mbc"
    with pytest.raises(UsageError) as caught:
        load(written(tmp_path, wrong))
    message = str(caught.value)
    assert "4 mistake(s)" in message
    assert "training.epochs" in message
    assert "'many'" in message
    assert f"grids.{DATASET}.extracter" in message
    assert "explain.samples" in message
    assert "runs.mcb.model" in message
    assert str(tmp_path / "params.yaml") in message


def test_unknown_names_are_listed_with_the_known_ones(tmp_path: Path) -> None:
    wrong = settings()
    wrong["runs"]["mcb"]["dataset"] = "scenes_v3"
    wrong["runs"]["san"]["model"] = "sam"
    wrong["runs"]["san"]["training"] = {"epoch": 3}
    with pytest.raises(UsageError) as caught:
        load(written(tmp_path, wrong))
    message = str(caught.value)
    assert "runs.mcb.dataset: 'scenes_v3' is not one of scenes_v1" in message
    assert "runs.san.model: 'sam' is not one of lstm_qi, san, mlb, hie_co_att, mcb" in message
    assert "runs.san.training.epoch" in message


def test_an_unknown_run_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"bert: no such run; params.yaml: runs has lstm_qi, san"):
        load(ROOT / "params.yaml").run("bert")
    with pytest.raises(
        UsageError, match=r"^sann: no such run; did you mean san( or \w+)*\? params"
    ):
        load(ROOT / "params.yaml").run("sann")


def test_a_run_may_override_the_shared_training(tmp_path: Path) -> None:
    value = settings()
    value["runs"]["mcb"]["training"] = {"epochs": 3, "optimiser": {"lr": 0.5}}
    training = load(written(tmp_path, value)).training_of("mcb")
    assert (training.epochs, training.optimiser.lr) == (3, 0.5)
    assert training.optimiser.name == value["training"]["optimiser"]["name"]


def test_a_mistake_in_the_training_of_a_run_is_listed_once(tmp_path: Path) -> None:
    value = settings()
    value["runs"]["mcb"]["training"] = {"epochs": 0, "optimiser": {"lr": -1.0}}
    with pytest.raises(UsageError, match="2 mistake") as caught:
        load(written(tmp_path, value))
    assert str(caught.value).count("runs.mcb.training.epochs") == 1
    assert str(caught.value).count("runs.mcb.training.optimiser") == 1


def test_a_run_may_override_the_sizes_of_its_model(tmp_path: Path) -> None:
    value = settings()
    value["runs"]["mcb"]["sizes"] = {"glimpses": 3}
    params = load_whole(written(tmp_path, value))
    assert params.sizes_of("mcb") == {**value["models"]["mcb"], "glimpses": 3}
    assert params.sizes_of("mcb_p_gca") == value["models"]["mcb"]
    value["runs"]["mcb"]["sizes"] = {"glimpses": "many", "heads": 2}
    with pytest.raises(UsageError, match=r"runs\.mcb\.sizes\.glimpses") as caught:
        load_whole(written(tmp_path, value))
    assert "runs.mcb.sizes.heads" in str(caught.value)


def test_cut_yaml_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MissingArtefact, match=r"params\.yaml: no such file"):
        load(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("runs: {a: [", encoding="utf-8")
    with pytest.raises(UsageError, match="not valid YAML"):
        load(tmp_path / "params.yaml")


def test_merging_goes_mapping_by_mapping_and_leaves_its_arguments() -> None:
    base = {"a": {"b": 1, "c": 2}, "d": [1]}
    assert merged(base, {"a": {"c": 3}, "d": [2]}) == {"a": {"b": 1, "c": 3}, "d": [2]}
    assert base == {"a": {"b": 1, "c": 2}, "d": [1]}


def test_an_objective_is_checked_against_its_own_signature(tmp_path: Path) -> None:
    wrong = settings()
    wrong["runs"]["mcb"]["objective"] = {"name": "certainty"}
    wrong["runs"]["san"]["objective"] = {"name": "answer", "eta": 2.0}
    wrong["runs"]["mcb_a_gca"]["objective"]["certainty"] = {"gian": 2.0}
    wrong["runs"]["mcb_p_gca"]["objective"]["source"] = "epistemic"
    wrong["runs"]["san_p_gca"]["objective"]["samples"] = "many"
    with pytest.raises(UsageError) as caught:
        load_whole(written(tmp_path, wrong))
    message = str(caught.value)
    assert "runs.mcb.objective.name: 'certainty' is not one of answer, uncertainty" in message
    assert "runs.san.objective.eta" in message
    assert "gian" in message
    assert "epistemic" in message
    assert "runs.san_p_gca.objective.samples" in message


def told(folder: Path, value: dict) -> list[str]:
    """The lines about mistakes in these settings."""
    with pytest.raises(UsageError) as caught:
        load_whole(written(folder, value))
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"epochs": 0}, ["training.epochs: Input should be greater than 0 (given: 0)"]),
        (
            {"batch_size": None},
            ["training.batch_size: Input should be a valid integer (given: None)"],
        ),
        (
            {"optimiser": {"name": "adamz", "lr": 0.1}},
            ["training.optimiser.name: not one of adamw, adam, adamax, sgd (given: 'adamz')"],
        ),
        ({"optimiser": {"name": "adam"}}, ["training.optimiser.lr: Field required"]),
        (
            {"optimiser": {"name": "adam", "lr": 0.1, "momentum": 0.9}},
            ["training.optimiser.momentum: adam has none, only betas, eps"],
        ),
    ],
)
def test_a_mistake_in_what_all_runs_share_is_told_once(
    tmp_path: Path, changes: dict, lines: list[str]
) -> None:
    """Dozens of runs override other settings of the training."""
    value = settings()
    assert sum("training" in run for run in value["runs"].values()) > 30
    value["training"].update(changes)
    assert told(tmp_path, value) == lines


def test_shared_settings_that_are_absent_are_missed_once(tmp_path: Path) -> None:
    value = settings()
    del value["training"]
    assert told(tmp_path, value) == ["training: Field required"]


def test_a_mistake_in_the_sizes_that_runs_share_is_told_once(tmp_path: Path) -> None:
    value = settings()
    value["models"]["updn"] = {**value["models"]["updn"], "hidden": "wide"}
    assert len(told(tmp_path, value)) == 1


def test_every_setting_of_the_library_s_optimiser_can_be_given(tmp_path: Path) -> None:
    value = settings()
    value["training"]["optimiser"].update(betas=[0.8, 0.95], eps=1e-6)
    value["runs"]["mcb"]["training"] = {"optimiser": {"name": "sgd", "momentum": 0.5}}
    params = load_whole(written(tmp_path, value))
    adamw, sgd = (
        train_settings(params.training_of(run), params.seed).optimiser for run in ("san", "mcb")
    )
    assert (adamw.betas, adamw.eps, adamw.lr) == ((0.8, 0.95), 1e-6, 0.003)
    assert (sgd.name, sgd.momentum, sgd.lr) == ("sgd", 0.5, 0.003)
    value["runs"]["mcb"]["training"] = {"optimiser": {"momentum": 0.5}}
    assert told(tmp_path, value) == [
        "runs.mcb.training.optimiser.momentum: adamw has none, only betas, eps"
    ]


@pytest.mark.parametrize(
    ("kind", "library"), [(Training, TrainSettings), (Optimiser, OptimiserSettings)]
)
def test_the_settings_are_those_of_the_library(kind: type, library: type) -> None:
    beside = {"seed", "groups"}  # the run's own; what `variance_optimiser` stands for
    assert (
        kind.model_fields.keys() - {"variance_optimiser"}
        == {field.name for field in fields(library)} - beside
    )


def test_a_backbone_that_does_not_fit_is_told_why(tmp_path: Path) -> None:
    value = settings()
    run = value["runs"]["updn_attreg"]
    run["features"] = "scenes_v1"
    line = next(line for line in told(tmp_path, value) if "updn_attreg.backbone:" in line)
    assert line == (
        "runs.updn_attreg.backbone: 'cp/updn' is not one of none; "
        "its features: regions_v2, this run's features: scenes_v1"
    )
    run["features"], run["backbone"] = "regions_v2", "attreg/lmh"
    line = next(line for line in told(tmp_path, value) if "updn_attreg.backbone:" in line)
    assert (
        "'attreg/lmh' is not one of none, cp/updn; its model: lmh, this run's model: updn" in line
    )
    run["backbone"] = "attreg/updn_hint"
    assert any("updn_hint is itself fine-tuned" in line for line in told(tmp_path, value))


@pytest.mark.parametrize(
    ("section", "name", "change", "message"),
    [
        ("runs", "mcb", {"group": ["x"]}, r"runs\.mcb\.group: Input should be a valid string"),
        ("runs", "mcb", {"model": ["mcb"]}, r"runs\.mcb\.model: Input should be a valid string"),
        ("runs", "mcb", {"objective": {"name": ["x"]}}, r"objective\.name: \['x'\] is not one of"),
        ("analyses", "noise", {"group": {"a": 1}}, r"noise\.group: .*is not one of"),
        ("analyses", "noise", {"runs": [["mcb"]]}, r"noise\.runs\.0: Input should be"),
        ("studies", "ucam", {"groups": [["x"]]}, r"studies\.ucam\.groups\.0: Input should be"),
        (
            "datasets",
            DATASET,
            {"root": ""},
            rf"datasets\.{DATASET}\.root: .*names no file or folder",
        ),
        ("datasets", DATASET, {"root": "a\0b"}, "root: .*names no file or folder; write its path"),
        ("grids", DATASET, {"weights": " "}, "weights: .*names no file or folder"),
    ],
)
def test_values_that_are_no_names_are_mistakes_too(
    tmp_path: Path, section: str, name: str, change: dict, message: str
) -> None:
    wrong = settings()
    wrong[section][name] |= change
    with pytest.raises(UsageError, match=f"(?s)params.yaml: .*mistake.*{message}"):
        load_whole(written(tmp_path, wrong))


def test_a_key_of_old_is_answered_with_the_new_one(tmp_path: Path) -> None:
    wrong = read_whole(ROOT / "params.yaml")
    wrong["folders"] = []
    study = wrong["studies"]["headline"]
    study["added"] = study.pop("extra_tables")
    with pytest.raises(UsageError, match=r"headline\.added: .*; did you mean extra_tables\?"):
        load(written(tmp_path, wrong))
