"""Everything a stopped training needs to go on as if it had not been stopped.

``checkpoint.json`` names the two safetensors files that belong to it, so its own rename is the
moment a new checkpoint takes the place of the old one. There are no generator states in it:
the loop derives the seed of every step from the run's seed, the epoch and the step.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from vqax.errors import BadData
from vqax.files import read_json, write_json
from vqax.learning.history import Entry, History, Running
from vqax.learning.weights import copy_weights, read_tensors, write_tensors

NAME = "checkpoint.json"


@dataclass
class Position:
    """How far a training has come: ``epoch`` epochs are complete, and ``step`` steps of the next.

    ``best`` is the file with the weights of the best epoch, None without validation.
    """

    epoch: int = 0
    step: int = 0
    running: Running = field(default_factory=Running)
    history: History = field(default_factory=History)
    best: str | None = None


def write_best(folder: Path, model: nn.Module, epoch: int) -> str:
    """Keep the weights of an epoch beside the checkpoint; the next checkpoint must name them."""
    name = f"best-{epoch:04d}.safetensors"
    write_tensors(folder / name, model.state_dict())
    return name


def write_checkpoint(
    folder: Path,
    model: nn.Module,
    optimisers: Sequence[Optimizer],
    position: Position,
    fingerprint: Mapping[str, Any],
) -> None:
    """Replace the checkpoint of the folder; killed at any moment, one of the two stays whole.

    Raises:
        BadData: the folder is read-only or the disk is full.
    """
    name = f"state-{position.epoch:04d}-{position.step:06d}.safetensors"
    tensors = {f"model.{key}": tensor for key, tensor in model.state_dict().items()}
    plain: dict[str, Any] = {}
    for index, optimiser in enumerate(optimisers):
        for row, state in optimiser.state_dict()["state"].items():
            for key, value in state.items():
                target = tensors if isinstance(value, Tensor) else plain
                target[f"optimiser.{index}.{row}.{key}"] = value
    write_tensors(folder / name, tensors)
    record = {"fingerprint": fingerprint, "tensors": name, "optimiser": plain}
    write_json(folder / NAME, record | asdict(position), indent=1)
    _remove_all_but(folder, {name, position.best, NAME})


def read_checkpoint(
    folder: Path,
    model: nn.Module,
    optimisers: Sequence[Optimizer],
    fingerprint: Mapping[str, Any],
) -> Position | None:
    """Bring model and optimisers to where the checkpoint was written; None if there is none.

    Raises:
        BadData: a file is cut, or the checkpoint belongs to a run with another fingerprint;
            the message names each entry that differs.
    """
    if not (folder / NAME).exists():
        return None
    record = read_json(folder / NAME)
    try:
        differing = differences(record["fingerprint"], fingerprint)
        path, best = folder / record["tensors"], record["best"]
        history = History([Entry(*row) for row in record["history"]["entries"]])
        position = Position(
            record["epoch"], record["step"], Running(**record["running"]), history, best
        )
        values = dict(record["optimiser"])
    except (KeyError, TypeError) as error:
        raise BadData(
            f"{folder / NAME}: not a checkpoint of this program ({error!r}); "
            "delete the folder and start the training again"
        ) from error
    if differing:
        raise BadData(
            f"{folder / NAME}: written by another run: {'; '.join(differing[:5])}; "
            "restore these settings, or start again without resuming"
        )
    tensors = read_tensors(path)
    weights = {key.removeprefix("model."): tensors.pop(key) for key in model_keys(tensors)}
    copy_weights(weights, model, path)
    _restore(optimisers, tensors | values)
    return position


def model_keys(tensors: Mapping[str, Tensor]) -> list[str]:
    return [key for key in tensors if key.startswith("model.")]


def read_best(folder: Path, model: nn.Module, position: Position) -> None:
    """Put the weights of the best epoch into the model; without validation leave the last."""
    if position.best is not None:
        copy_weights(read_tensors(folder / position.best), model, folder / position.best)


def discard_checkpoint(folder: Path) -> None:
    """Remove what an earlier training left, the file that names the others first."""
    (folder / NAME).unlink(missing_ok=True)
    if folder.is_dir():
        _remove_all_but(folder, set())


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """One phrase for every entry of two nested mappings that is not the same in both."""
    old, new = _flat(there), _flat(json.loads(json.dumps(here)))
    return [
        f"{key} was {old.get(key, 'absent')}, is {new.get(key, 'absent')}"
        for key in dict.fromkeys([*old, *new])
        if old.get(key, "absent") != new.get(key, "absent")
    ]
