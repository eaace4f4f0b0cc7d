"""Files of a checkpoint and of a finished model: whole, matching, or a clear error."""

import errno
import json
from pathlib import Path

import pytest
import torch

from tests.learning import tiny
from vqax.errors import BadData, MissingArtefact
from vqax.learning.checkpoint import (
    Position,
    discard_checkpoint,
    load_model_weights,
    read_best,
    read_checkpoint,
    save_model,
    write_best,
    write_checkpoint,
)
from vqax.learning.fingerprint import differences
from vqax.learning.history import History, Running
from vqax.learning.optimiser import optimisers
from vqax.settings import OptimiserSettings

WHO = {"model": {"name": "tiny", "sizes": (3, 4)}, "seed": 1}


def same(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def own(model: torch.nn.Module) -> list[torch.optim.Optimizer]:
    return optimisers(model, OptimiserSettings("adam", 0.1), {})


def written(folder: Path, **place: int) -> tuple[tiny.TinyModel, Position]:
    model = tiny.model(seed=3)
    history = History()
    history.add(1, "val", {"accuracy": 0.1 + 0.2})
    running = Running()
    running.add({"loss": 1 / 3}, 7)
    position = Position(**place, running=running, history=history)
    position.best = write_best(folder, model, 1)
    write_checkpoint(folder, model, own(model), position, WHO)
    return model, position


def test_checkpoint_round_trip(tmp_path: Path) -> None:
    model, position = written(tmp_path, epoch=1, step=4)
    other = tiny.model(seed=8)
    assert not same(model, other)
    assert read_checkpoint(tmp_path, other, own(other), WHO) == position
    assert same(model, other)


def test_no_checkpoint_is_none(tmp_path: Path) -> None:
    model = tiny.model()
    assert read_checkpoint(tmp_path / "absent", model, own(model), WHO) is None


def test_only_the_files_of_the_last_checkpoint_stay(tmp_path: Path) -> None:
    written(tmp_path, epoch=1, step=4)
    (tmp_path / ".state-0001-000009.safetensors.77.tmp").touch()
    (tmp_path / "model.safetensors").touch()
    written(tmp_path, epoch=2, step=0)
    assert {path.name for path in tmp_path.iterdir()} == {
        "checkpoint.json",
        "state-0002-000000.safetensors",
        "best-0001.safetensors",
        "model.safetensors",
    }
    discard_checkpoint(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
    discard_checkpoint(tmp_path / "absent")


def test_another_fingerprint_is_refused_by_name(tmp_path: Path) -> None:
    written(tmp_path, epoch=1, step=4)
    model = tiny.model(seed=8)
    before = tiny.model(seed=8)
    changed = {"model": {"name": "huge", "sizes": (3, 4)}, "seed": 1}
    with pytest.raises(BadData, match=r"checkpoint\.json.*model\.name was tiny, is huge; restore"):
        read_checkpoint(tmp_path, model, own(model), changed)
    assert same(model, before)


def test_differences_name_both_values() -> None:
    assert differences(WHO, WHO) == []
    assert differences({"a": {"b": 1}, "c": [2]}, {"a": {"b": 2}, "c": (2,), "d": None}) == [
        "a.b was 1, is 2",
        "d was absent, is None",
    ]


def test_cut_checkpoint_files_are_bad_data(tmp_path: Path) -> None:
    written(tmp_path, epoch=1, step=4)
    model = tiny.model()
    path = tmp_path / "state-0001-000004.safetensors"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadData, match=r"state-0001.*not a whole safetensors file"):
        read_checkpoint(tmp_path, model, own(model), WHO)
    record = tmp_path / "checkpoint.json"
    record.write_text(record.read_text()[:50])
    with pytest.raises(BadData, match=r"checkpoint\.json: not valid JSON"):
        read_checkpoint(tmp_path, model, own(model), WHO)
    record.write_text(json.dumps({"something": "else"}))
    with pytest.raises(BadData, match=r"checkpoint\.json: not a checkpoint of this program"):
        read_checkpoint(tmp_path, model, own(model), WHO)


@pytest.mark.parametrize("gone", ["best-0001.safetensors", "state-0001-000004.safetensors"])
def test_without_the_weights_it_names_there_is_no_checkpoint(tmp_path: Path, gone: str) -> None:
    written(tmp_path, epoch=1, step=4)
    (tmp_path / gone).unlink()
    model, before, told = tiny.model(seed=8), tiny.model(seed=8), []
    assert read_checkpoint(tmp_path, model, own(model), WHO, told.append) is None
    assert told == [f"{tmp_path}/checkpoint.json: names {gone}, which is gone; the training "
                    "starts anew"]  # fmt: skip
    assert same(model, before)


def test_best_weights_come_back(tmp_path: Path) -> None:
    model, position = written(tmp_path, epoch=1, step=4)
    other = tiny.model(seed=8)
    read_best(tmp_path, other, Position())
    assert not same(model, other)
    read_best(tmp_path, other, position)
    assert same(model, other)


def test_model_round_trip_with_tied_and_transposed_weights(tmp_path: Path) -> None:
    def build(seed: int) -> tiny.TinyModel:
        model = tiny.model(seed=seed)
        model.tied = model.answer
        model.hidden.weight = torch.nn.Parameter(model.hidden.weight.detach().T.contiguous().T)
        return model

    model, other = build(1), build(2)
    assert not model.hidden.weight.is_contiguous()
    save_model(tmp_path, model, {"model": "tiny", "words": ["a", "ö"]})
    assert load_model_weights(tmp_path, other) == {"model": "tiny", "words": ["a", "ö"]}
    assert same(model, other)


def test_missing_cut_and_foreign_weights(tmp_path: Path) -> None:
    model = tiny.model()
    with pytest.raises(MissingArtefact, match=r"model\.json"):
        load_model_weights(tmp_path, model)
    save_model(tmp_path, model, {})
    shapes = r"answer\.weight is \(6, 7\) in the file and \(11, 7\) in TinyModel \(1 more differ\)"
    with pytest.raises(BadData, match=shapes):
        load_model_weights(tmp_path, tiny.model(answers=11))
    other = tiny.model()
    del other.variance
    with pytest.raises(BadData, match=r"variance\.bias is \(1,\) in the file and absent in Tiny"):
        load_model_weights(tmp_path, other)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(BadData, match=r"model\.safetensors: not a whole safetensors file"):
        load_model_weights(tmp_path, model)
    weights.unlink()
    with pytest.raises(MissingArtefact, match=r"model\.safetensors"):
        load_model_weights(tmp_path, model)


def test_full_disk_leaves_the_old_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    model, position = written(tmp_path, epoch=1, step=4)
    before = {path.name for path in tmp_path.iterdir()}
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(BadData, match=r"state-0002-000000.*the disk is full"):
            write_checkpoint(tmp_path, model, own(model), Position(epoch=2), WHO)
    assert {path.name for path in tmp_path.iterdir()} == before
    assert read_checkpoint(tmp_path, model, own(model), WHO) == position
