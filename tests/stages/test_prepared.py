"""What ``prepare`` leaves is all that later stages read of the questions."""

import shutil
from pathlib import Path

import pytest

from project.dataset import PARTS, load_prepared
from project.human_maps import human_maps
from project.resolve import data_plan, folders
from stages import explain, score, train
from tests.stages import tiny
from vqax.data import json_list
from vqax.errors import MissingArtefact
from vqax.files import read_parquet


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "copied")


def test_the_parts_are_the_records_of_the_official_files(finished: Path) -> None:
    params, where = tiny.load(finished / "params.yaml"), tiny.workspace(finished)
    spec = params.datasets[tiny.DATASET]
    prepared = load_prepared(data_plan(params, where, tiny.DATASET))
    official = [e for one in folders(spec, where) for e in one.read().examples]
    assert {e.question_id: e for part in PARTS for e in getattr(prepared, part)} == {
        e.question_id: e for e in official
    }
    order = [e.question_id for e in official]
    for part in PARTS:
        ids = [e.question_id for e in getattr(prepared, part)]
        assert ids == [one for one in order if one in set(ids)]


def test_images_and_human_maps_are_those_of_the_folders(finished: Path) -> None:
    params, where = tiny.load(finished / "params.yaml"), tiny.workspace(finished)
    prepared = load_prepared(data_plan(params, where, tiny.DATASET))
    train_folder, test_folder = folders(params.datasets[tiny.DATASET], where)
    for example in prepared.train:
        assert prepared.image_path(example.image_id) == train_folder.image_path(example.image_id)
    for example in prepared.test:
        assert prepared.image_path(example.image_id) == test_folder.image_path(example.image_id)
    of_test = {example.question_id for example in prepared.test}
    maps = human_maps(test_folder)
    assert prepared.human_map_files == {one: maps[one] for one in maps if one in of_test}
    assert prepared.human_map_files


def test_no_later_stage_parses_the_official_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are not even there; what is made is what was made with them."""
    params, where = tiny.load(folder / "params.yaml"), tiny.workspace(folder)
    before = read_parquet(where.scores("san") / "questions.parquet")
    for path in (folder / "data" / "scenes").rglob("*.json"):
        path.unlink()
    monkeypatch.setattr(json_list, "read_any_json", None)
    train.run(params, where, "san")
    explain.run(params, where, "san")
    score.run(params, where, "san", workers=1)
    assert read_parquet(where.scores("san") / "questions.parquet").equals(before)


def test_explaining_reads_no_question_of_train(folder: Path) -> None:
    params, where = tiny.load(folder / "params.yaml"), tiny.workspace(folder)
    (where.dataset(tiny.DATASET) / "train.parquet").write_bytes(b"")
    explain.run(params, where, "mcb")


def test_an_image_that_went_away_is_named(folder: Path) -> None:
    params, where = tiny.load(folder / "params.yaml"), tiny.workspace(folder)
    prepared = load_prepared(data_plan(params, where, tiny.DATASET))
    image_id = prepared.test[0].image_id
    path = prepared.image_path(image_id)
    path.unlink()
    with pytest.raises(MissingArtefact, match=rf"{path.name}: no such image; put image_id"):
        prepared.image_path(image_id)
    with pytest.raises(MissingArtefact, match="put image_id -1 there"):
        prepared.image_path(-1)
