from pathlib import Path

import pytest
import yaml

from stages.families import load_whole
from stages.params import load, merged
from vqax.errors import MissingArtefact, UsageError

ROOT = Path(__file__).resolve().parents[2]
DATASET = "scenes_v1"


def settings() -> dict:
    return yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


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
    with pytest.raises(
        UsageError, match=r"bert: no such run; params.yaml: runs and fine_tuned has lstm_qi, san"
    ):
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
