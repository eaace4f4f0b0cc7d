"""The one training loop: any model, any objective, one process or those of ``torchrun``.

Nothing in it depends on when it was stopped: the rows of a step follow from (seed, epoch), its
random numbers from (seed, epoch, step, rank), and everything else is in the checkpoint.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vqax.errors import BadData
from vqax.learning.batches import Batchable
from vqax.learning.epochs import Epochs
from vqax.learning.fingerprint import identity
from vqax.learning.history import History
from vqax.learning.objective import Objective
from vqax.learning.optimiser import optimisers
from vqax.learning.processes import Processes, processes
from vqax.learning.settings import TrainSettings
from vqax.learning.signals import stop_requested
from vqax.learning.step import Stepper, own_random_state
from vqax.locks import locked

__all__ = ["History", "TrainSettings", "train"]


def silent(*_: object) -> None:
    """Progress that nobody wants to see."""


def train(
    model: nn.Module,
    objective: Objective,
    train_set: Batchable,
    validation_set: Batchable | None,
    settings: TrainSettings,
    *,
    checkpoint_dir: Path,
    fingerprint: Mapping[str, Any] | None = None,
    resume: bool = False,
    device: torch.device | str = "cpu",
    workers: int = 0,
    progress: Callable[[int, int], None] = silent,
    on_epoch: Callable[[int, dict[str, float]], None] = silent,
    note: Callable[[str], object] = silent,
) -> History:
    """Train in place; the model ends in eval mode with the weights of its best epoch.

    The best epoch has the highest soft-score accuracy on ``validation_set``, a part of train and
    never the test split; without one the last epoch counts. ``fingerprint`` says what model and
    data these are. With ``resume`` and a checkpoint the result is bit-equal, on the same machine,
    to that of a training never stopped (on CUDA if ``torch.use_deterministic_algorithms`` is on).
    torch's global random state is left as it was found.
    ``progress`` gets steps done and in all, ``on_epoch`` the epoch from 1 and its values,
    ``note`` a sentence where a checkpoint cannot be used.

    Raises:
        Resumable: SIGTERM came; the checkpoint holds the last complete step.
        BadData: an empty train set, a loss or gradient that is not finite, a checkpoint that is
            cut or has another fingerprint, or another process that trains with it.
        UsageError: an unknown optimiser or decay, or a group that owns no parameter.
    """
    if len(train_set) == 0:
        raise BadData("the train set has no question with features; extract the features first")
    with (
        processes(device) as team,
        _alone(checkpoint_dir, team),
        stop_requested() as asked,
        own_random_state(team.device),
    ):
        own = optimisers(model.to(team.device), settings.optimiser, settings.groups)
        step = Stepper(model, objective, own, settings, team)
        who = {**(fingerprint or {}), **identity(model, len(train_set), settings)}
        held_out = validation_set or None  # one without questions cannot validate
        epochs = Epochs(step, train_set, held_out, checkpoint_dir, who, asked, workers)
        epochs.start(resume, note if team.writes else silent)
        while not epochs.finished():
            epochs.train(progress)
            epochs.close(on_epoch)
        epochs.keep_best()
    return epochs.position.history


def _alone(folder: Path, team: Processes) -> AbstractContextManager[None]:
    """The lock of a checkpoint folder, beside it; of several processes the writing one has it."""
    return locked(folder.with_name(f".{folder.name}.lock")) if team.writes else nullcontext()
