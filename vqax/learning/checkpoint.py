"""Everything a stopped training needs to go on as if it had not been stopped.

``checkpoint.json`` names the safetensors files that belong to it, so its own rename is the
moment a new checkpoint takes the place of the old one. There are no generator states in it:
the loop derives the seed of every step from the run's seed, the epoch and the step.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torch import nn
from torch.optim import Optimizer

from vqax.errors import BadData
from vqax.files import read_json, write_json
from vqax.learning.fingerprint import differences
from vqax.learning.history import Entry, History, Running
from vqax.learning.optimiser import restore_optimisers, state_of_optimisers
from vqax.learning.weights import (
    copy_weights,
    load_model_weights,
    read_tensors,
    save_model,
    write_tensors,
)

__all__ = [
    "Position",
    "discard_checkpoint",
    "load_model_weights",
    "read_best",
    "read_checkpoint",
    "remove_checkpoint",
    "save_model",
    "write_best",
    "write_checkpoint",
]

RECORD = "checkpoint.json"
OWN_FILES = ("state-*.safetensors", "best-*.safetensors", ".state-*", ".best-*", f".{RECORD}.*")


@dataclass
class Position:
    """How far a training has come: ``epoch`` epochs are complete, and ``step`` steps of the next.

    ``running`` holds the metrics of the epoch begun; ``best`` is the file with the weights of
    the best epoch, None without validation.
    """

    epoch: int = 0
    step: int = 0
    best: str | None = None
    running: Running = field(default_factory=Running)
    history: History = field(default_factory=History)


def write_checkpoint(
    folder: Path,
    model: nn.Module,
    optimisers: Sequence[Optimizer],
    position: Position,
    fingerprint: Mapping[str, Any],
) -> None:
    """Replace the checkpoint of the folder; killed at any moment, the old or the new is whole.

    Raises:
        BadData: the folder is read-only or the disk is full.
    """
    name = f"state-{position.epoch:04d}-{position.step:06d}.safetensors"
    tensors, scalars = state_of_optimisers(optimisers)
    weights = {f"model.{key}": tensor for key, tensor in model.state_dict().items()}
    write_tensors(folder / name, weights | tensors)
    record = {"fingerprint": fingerprint, "tensors": name, "optimisers": scalars}
    write_json(folder / RECORD, record | {"position": asdict(position)}, indent=1)
    _remove_all_but(folder, {name, position.best})


def read_checkpoint(
    folder: Path,
    model: nn.Module,
    optimisers: Sequence[Optimizer],
    fingerprint: Mapping[str, Any],
    note: Callable[[str], object] = lambda text: None,  # noqa: ARG005
) -> Position | None:
    """Bring model and optimisers to where the checkpoint was written; None if there is none.

    Nor is there one without the weights it names: ``note`` is told, and the training starts anew.

    Raises:
        BadData: a file is cut, or the checkpoint belongs to a run with another fingerprint;
            the message names what differs.
    """
    if not (folder / RECORD).exists():
        return None
    record = read_json(folder / RECORD)
    try:
        differing = differences(record["fingerprint"], fingerprint)
        position, path = _position(**record["position"]), folder / record["tensors"]
        scalars = dict(record["optimisers"])
    except (KeyError, TypeError) as error:
        raise BadData(
            f"{folder / RECORD}: not a checkpoint of this program ({error!r}); "
            "delete the folder and start the training again"
        ) from error
    if differing:
        raise BadData(
            f"{folder / RECORD}: written by another run: {'; '.join(differing[:5])}; "
            "restore these settings, or start again without resuming"
        )
    for name in (path.name, position.best):
        if name is not None and not (folder / name).exists():
            note(f"{folder / RECORD}: names {name}, which is gone; the training starts anew")
            return None
    tensors = read_tensors(path)
    names = [name for name in tensors if name.startswith("model.")]
    copy_weights({name.removeprefix("model."): tensors.pop(name) for name in names}, model, path)
    restore_optimisers(optimisers, tensors | scalars)
    return position


def write_best(folder: Path, model: nn.Module, epoch: int) -> str:
    """Keep the weights of an epoch beside the checkpoint; the next checkpoint must name them."""
    name = f"best-{epoch:04d}.safetensors"
    write_tensors(folder / name, model.state_dict())
    return name


def read_best(folder: Path, model: nn.Module, position: Position) -> None:
    """Put the weights of the best epoch into the model; without validation keep the last."""
    if position.best is not None:
        copy_weights(read_tensors(folder / position.best), model, folder / position.best)


def discard_checkpoint(folder: Path) -> None:
    """Remove what an earlier training left, the file that names the others first."""
    (folder / RECORD).unlink(missing_ok=True)
    _remove_all_but(folder, set())


def remove_checkpoint(folder: Path) -> None:
    """As ``discard_checkpoint``, and the folder too if it holds nothing else."""
    discard_checkpoint(folder)
    with suppress(OSError):
        folder.rmdir()


def _position(*, history: dict[str, Any], running: dict[str, Any], **rest: Any) -> Position:
    entries = [Entry(*row) for row in history["entries"]]
    return Position(**rest, running=Running(**running), history=History(entries))


def _remove_all_but(folder: Path, keep: set[str | None]) -> None:
    for pattern in OWN_FILES:
        for path in folder.glob(pattern):
            if path.name not in keep:
                path.unlink(missing_ok=True)
