"""Settings in many files are one mapping, read in one order, and nothing stands twice."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from project.settings_files import EMPTY, files_of, read_whole, split
from tests.stages import tiny
from vqax.errors import MissingArtefact, UsageError


def written(folder: Path, settings: dict[str, Any]) -> Path:
    for file, value in split(settings).items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
    return folder / "params.yaml"


def edit(file: Path, **sections: Any) -> None:
    value = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump({**value, **sections}), encoding="utf-8")


def test_the_committed_files_are_those_that_would_be_written() -> None:
    whole = read_whole(tiny.ROOT / "params.yaml")
    files = split(whole)
    assert {tiny.ROOT / file for file in files} == {
        tiny.ROOT / "params.yaml",
        *files_of(tiny.ROOT, whole),
    }
    for file, value in files.items():
        committed = yaml.safe_load((tiny.ROOT / file).read_text(encoding="utf-8"))
        empty = {name: {} for name in EMPTY if name in value and not value[name]}
        assert {**empty, **committed} == value, file


def test_what_was_split_is_read_again(tmp_path: Path) -> None:
    settings = tiny.study_settings()
    whole = read_whole(written(tmp_path, settings))
    folders = whole.pop("folders")
    assert folders == ["headline", "ucam"]
    assert whole == {**whole, **{key: one for key, one in settings.items() if key != "folders"}}
    assert list(whole["runs"]) == list(settings["runs"])
    assert list(whole["studies"]) == list(settings["studies"])


def test_the_order_of_folders_is_the_order_of_runs_and_studies(tmp_path: Path) -> None:
    path = written(tmp_path, {**tiny.study_settings(), "folders": ["ucam", "headline"]})
    whole = read_whole(path)
    assert list(whole["studies"]) == ["ucam", "headline"]
    assert next(iter(whole["runs"])) == "mcb_ve"
    assert [file.parent.name for file in files_of(tmp_path, whole)] == [
        *["ucam"] * 5,  # no classifiers
        *["headline"] * 4,  # nor analyses
    ]


def test_a_run_that_says_nothing_starts_from_nothing(tmp_path: Path) -> None:
    """DVC has to find both keys; a profile need not name them."""
    settings = tiny.settings()
    del settings["runs"]["mcb"]["backbone"], settings["runs"]["mcb"]["key_objects"]
    run = read_whole(written(tmp_path, settings))["runs"]["mcb"]
    assert (run["backbone"], run["key_objects"]) == ("none", "none")


def test_an_entry_in_the_folder_of_another(tmp_path: Path) -> None:
    path = written(tmp_path, tiny.settings())
    runs = tmp_path / "studies" / "headline" / "runs.yaml"
    value = yaml.safe_load(runs.read_text(encoding="utf-8"))["runs"]
    edit(runs, runs={**value, "mcb": {**value["mcb"], "group": "ucam"}})
    with pytest.raises(UsageError, match=r"runs\.mcb\.group is 'ucam'; name it headline, or move"):
        read_whole(path)


def test_a_run_without_the_keys_that_dvc_reads(tmp_path: Path) -> None:
    path = written(tmp_path, tiny.settings())
    runs = tmp_path / "studies" / "headline" / "runs.yaml"
    value = yaml.safe_load(runs.read_text(encoding="utf-8"))["runs"]
    edit(runs, runs={**value, "mcb": {"group": "headline"}})
    with pytest.raises(UsageError, match=r"runs\.yaml: runs\.mcb names no backbone or no key_obj"):
        read_whole(path)


def test_what_stands_in_two_files(tmp_path: Path) -> None:
    path = written(tmp_path, tiny.settings())
    edit(tmp_path / "studies" / "headline" / "labels.yaml", seed=1)
    with pytest.raises(UsageError, match=r"labels\.yaml: seed stands in another file too"):
        read_whole(path)


def test_a_folder_without_files(tmp_path: Path) -> None:
    path = written(tmp_path, tiny.settings())
    edit(path, folders=["headline", "mine"])
    with pytest.raises(MissingArtefact, match=r"mine: has no runs\.yaml or study\.yaml; write one"):
        read_whole(path)


@pytest.mark.parametrize("folders", [3, "headline", None, {}])
def test_folders_of_another_kind_are_left_to_the_schema(tmp_path: Path, folders: object) -> None:
    path = written(tmp_path, tiny.settings())
    edit(path, folders=folders)
    assert read_whole(path)["folders"] == folders
