"""Names that become paths, and folders that only generated data may have."""

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path, PurePath
from typing import Any, get_args

import pytest

from project.params import Params
from project.places import (
    GENERATED,
    INPUTS,
    NAMED,
    OUTPUTS,
    check_name,
    refuse_foreign_folders,
    wrong_names_and_places,
)
from project.settings_files import read_settings
from project.workspace import Workspace
from stages import changing_priors, scenes
from stages.components import check_whole
from tests.stages import tiny
from tests.stages.test_changing_priors import CP, DATASET
from vqax.errors import BadData, UsageError

Settings = dict[str, Any]
EVIL = ["../../evil", "..", ".", "", "a/b", "/evil", "a b", "-a", "ä", "a.b", "a\n", "a" * 101]


committed = cache(tiny.study_settings)


def changed(change: Callable[[Settings], object]) -> list[str]:
    settings = deepcopy(committed())
    change(settings)
    return wrong_names_and_places(settings)


def test_the_committed_settings_have_good_names_and_places() -> None:
    assert wrong_names_and_places(read_settings(tiny.ROOT / "params.yaml")) == []
    assert changed(lambda settings: None) == []


@pytest.mark.parametrize("name", EVIL)
def test_a_name_that_would_be_a_path(name: str) -> None:
    with pytest.raises(UsageError, match=r"--out: .* cannot be a name; use 1 to 100 letters"):
        check_name("--out", name)


@pytest.mark.parametrize("name", ["a", "_", "7", "A-b_c", "a" * 100])
def test_names(name: str) -> None:
    check_name("--out", name)


@pytest.mark.parametrize("section", NAMED)
def test_the_names_of_every_section_are_checked(section: str) -> None:
    (line,) = changed(lambda s: s.setdefault(section, {}).update({"../evil": {}}))
    assert line.startswith(f"{section}: '../evil' cannot be a name; use ")


def test_every_section_with_entries_of_its_own_is_checked() -> None:
    """One that is added must be named in ``NAMED``, or its names be none of paths."""
    of_no_path = {"models", "labels", "resources"}
    given = {
        name
        for name, field in Params.model_fields.items()
        if str(field.annotation).startswith("dict[")
    }
    assert given == {*NAMED, *of_no_path}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda s: s["runs"]["mcb"].update(group="../x"), "runs.mcb.group: '../x'"),
        (lambda s: s["runs"]["mcb"].update(group=""), "runs.mcb.group: ''"),
        (
            lambda s: s["runs"].update(a={"group": "a/b"}),
            "runs.a.group: 'a/b'",
        ),
        (
            lambda s: s["studies"]["ucam"]["significance"]["sets"].update({"../x": []}),
            "studies.ucam.significance.sets: '../x'",
        ),
        (
            lambda s: s["analyses"]["explanation_masks"]["rows"].update({"a/b": {}}),
            "analyses.explanation_masks.rows: 'a/b'",
        ),
    ],
)
def test_names_inside_of_entries(change: Callable[[Settings], object], where: str) -> None:
    (line,) = changed(change)
    assert line.startswith(f"{where} cannot be a name")


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    settings = tiny.settings(training={"epochs": 0})
    settings["runs"]["../../evil"] = settings["runs"]["mcb"]
    settings["datasets"][tiny.DATASET]["root"] = "."
    with pytest.raises(UsageError, match=r"params.yaml: 3 mistake\(s\)") as error:
        check_whole(settings, "params.yaml")
    for word in ("training.epochs", "runs: '../../evil'", "datasets.scenes_v1.root: is ."):
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("first", "second"),
    [("grids", "imported_regions"), ("detectors", "coco_detectors")],
)
def test_two_sections_that_would_write_the_same_files(first: str, second: str) -> None:
    def change(settings: Settings) -> None:
        settings[first]["twice"] = settings[second]["twice"] = {}

    (line,) = changed(change)
    assert line.startswith(f"{second}.twice: {first} has an entry of this name too")


@pytest.mark.parametrize("root", [".", "", "..", "../mine", "/mine", "data/scenes", "data/cp/a"])
def test_a_generated_data_set_lies_nowhere_else(root: str) -> None:
    (line,) = changed(lambda s: s["datasets"]["scenes_v1"].update(root=root))
    assert line.startswith(
        f"datasets.scenes_v1.root: is {root}, but scenes.scenes_v1 generates data/scenes/scenes_v1"
    )


@pytest.mark.parametrize("root", ["./data/scenes/scenes_v1/", "data/x/../scenes/scenes_v1"])
def test_the_same_place_written_in_another_way(root: str) -> None:
    assert changed(lambda s: s["datasets"]["scenes_v1"].update(root=root)) == []


@pytest.mark.parametrize(("section", "keys"), INPUTS.items())
def test_nothing_of_a_user_lies_where_stages_write(section: str, keys: tuple[str, ...]) -> None:
    folders = ["results", *(f"data/{name}" for name in OUTPUTS)]
    entries = {f"mine_{n}": dict.fromkeys(keys, f"{at}/mine") for n, at in enumerate(folders)}
    lines = changed(lambda s: s.setdefault(section, {}).update(entries))
    assert len(lines) == len(folders) * len(keys)
    assert lines[0].startswith(
        f"{section}.mine_0.{keys[0]}: is results/mine, and stages write and delete files in results"
    )


def test_every_path_of_the_settings_is_known() -> None:
    """One that is added must be named in ``INPUTS``."""
    kinds = {
        name: get_args(field.annotation)[1]
        for name, field in Params.model_fields.items()
        if str(field.annotation).startswith("dict[")
    }
    paths = {
        name: {key for key, field in kind.model_fields.items() if "Path" in str(field.annotation)}
        for name, kind in kinds.items()
        if hasattr(kind, "model_fields")
    }
    assert {name: set(keys) for name, keys in INPUTS.items()} == {
        name: keys for name, keys in paths.items() if keys
    }


def test_every_folder_that_stages_write_into_is_known() -> None:
    """Those of dvc.yaml and of the workspace; only generated data sets lie in others."""
    pipeline = read_settings(tiny.ROOT / "dvc.yaml")["stages"].values()
    outs = [out for stage in pipeline for out in stage.get("do", stage).get("outs", [])]
    parts = [PurePath(out if isinstance(out, str) else next(iter(out))).parts for out in outs]
    folders = {path[1] for path in parts if path[0] == "data"}
    assert folders - {"scenes", "cp"} <= {*OUTPUTS}
    assert {*OUTPUTS} - folders == {"checkpoints", "locks", "explained"}
    assert {path[0] for path in parts} == {"data", "results"}


def test_word_vectors_lie_elsewhere_too() -> None:
    (line,) = changed(lambda s: s["text"].update(vectors="data/runs/glove.txt"))
    assert line.startswith("text.vectors: is data/runs/glove.txt, and stages write")


@pytest.fixture
def settings() -> tuple[Settings, str]:
    value = tiny.settings()
    value["changing_priors"] = {"cp_v1": {**CP, "test_share": 0.4, "covering_share": 0.2}}
    value["datasets"]["cp_v1"] = DATASET
    return value, "params.yaml"


@pytest.mark.parametrize("kind", GENERATED)
def test_a_users_folder_in_the_place_of_a_generated_one_stays(
    kind: str, settings: tuple[Settings, str], tmp_path: Path
) -> None:
    stage, name = {
        "scenes": (scenes.run, tiny.DATASET),
        "changing_priors": (changing_priors.run, "cp_v1"),
    }[kind]
    mine = tmp_path / GENERATED[kind] / name
    mine.mkdir(parents=True)
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(BadData, match=rf"{name}: holds files and no marker .* of {kind}"):
        stage(check_whole(*settings), Workspace(tmp_path), name)
    with pytest.raises(BadData, match=rf"{name}: holds files and no marker .* of {kind}"):
        refuse_foreign_folders(tmp_path, ["train@mcb", f"{kind}@{name}"])
    assert [path.read_text() for path in mine.iterdir()] == ["years of work"]


@pytest.mark.parametrize("kind", GENERATED)
def test_a_link_to_a_users_folder_is_not_followed(kind: str, tmp_path: Path) -> None:
    mine, place = tmp_path / "mine", tmp_path / GENERATED[kind]
    mine.mkdir()
    place.parent.mkdir()
    place.symlink_to(mine)
    with pytest.raises(BadData, match=rf"leads to {mine}/a, and generated data lie below"):
        refuse_foreign_folders(tmp_path, [f"{kind}@a"])
    refuse_foreign_folders(tmp_path, ["train@a", "report_headline"])


def test_generated_twice_in_the_same_place(settings: tuple[Settings, str], tmp_path: Path) -> None:
    params, workspace = check_whole(*settings), Workspace(tmp_path)
    for _ in range(2):
        scenes.run(params, workspace, tiny.DATASET)
        changing_priors.run(params, workspace, "cp_v1")
    refuse_foreign_folders(tmp_path, [f"scenes@{tiny.DATASET}", "changing_priors@cp_v1"])
    assert [path.name for path in (tmp_path / "data" / "scenes").iterdir()] == [tiny.DATASET]
