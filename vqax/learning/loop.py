"""The one training loop: any model, any objective, one process or those of ``torchrun``.

Nothing in it depends on when it was stopped: the rows of a step follow from (seed, epoch), its
random numbers from (seed, epoch, step, rank), and everything else is in the checkpoint.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vqax.errors import BadData, Resumable
from vqax.learning.batches import Batchable, batches
from vqax.learning.checkpoint import (
    Position,
    discard_checkpoint,
    read_best,
    read_checkpoint,
    write_best,
    write_checkpoint,
)
from vqax.learning.fingerprint import identity
from vqax.learning.history import History, Running
from vqax.learning.objective import Objective
from vqax.learning.optimiser import optimisers
from vqax.learning.processes import Processes, processes, stop_requested
from vqax.learning.sampler import Sampler
from vqax.learning.step import Stepper, own_random_state, validate
from vqax.locks import locked
from vqax.settings import TrainSettings

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
        processes(device) as process_group,
        _alone(checkpoint_dir, process_group),
        stop_requested() as asked,
        own_random_state(process_group.device),
    ):
        optimizers = optimisers(model.to(process_group.device), settings.optimiser, settings.groups)
        step = Stepper(model, objective, optimizers, settings, process_group)
        fingerprint_of_run = {**(fingerprint or {}), **identity(model, len(train_set), settings)}
        held_out = validation_set or None  # one without questions cannot validate
        epochs = Epochs(
            step, train_set, held_out, checkpoint_dir, fingerprint_of_run, asked, workers
        )
        epochs.start(resume, note if process_group.writes else silent)
        while not epochs.finished():
            epochs.train(progress)
            epochs.close(on_epoch)
        epochs.keep_best()
    return epochs.position.history


def _alone(folder: Path, process_group: Processes) -> AbstractContextManager[None]:
    """The lock of a checkpoint folder, beside it; of several processes the writing one has it."""
    return (
        locked(folder.with_name(f".{folder.name}.lock")) if process_group.writes else nullcontext()
    )


@dataclass
class Epochs:
    """A training under way; model, optimisers and ``position`` are all that changes."""

    step: Stepper
    train_set: Batchable
    validation_set: Batchable | None
    folder: Path
    fingerprint: Mapping[str, Any]
    stop_asked: Callable[[], bool]
    workers: int
    position: Position = field(default_factory=Position)

    def start(self, resume: bool, note: Callable[[str], object]) -> None:
        """Go to where the checkpoint is, or remove it and begin."""
        step = self.step
        if resume:
            found = read_checkpoint(
                self.folder, step.model, step.optimisers, self.fingerprint, note
            )
            self.position = found or self.position
        elif step.process_group.writes:
            discard_checkpoint(self.folder)
        step.process_group.copy_from_first(step.model)

    def finished(self) -> bool:
        settings, best = self.step.settings, self.position.history.best_epoch()
        if settings.patience is None or best is None:
            return self.position.epoch >= settings.epochs
        waited = self.position.epoch - best
        return self.position.epoch >= settings.epochs or waited >= settings.patience

    def train(self, progress: Callable[[int, int], None]) -> None:
        """The steps of an epoch that are still to do."""
        now, settings, process_group = self.position, self.step.settings, self.step.process_group
        sampler = Sampler(
            len(self.train_set),
            settings.batch_size,
            settings.seed,
            rank=process_group.rank,
            world_size=process_group.world_size,
        )
        read = batches(
            self.train_set, sampler, epoch=now.epoch, start=now.step, workers=self.workers
        )
        with closing(read):
            for batch in read:
                self.stop_if_asked()
                values = self.step(batch.to(process_group.device), sampler, now.epoch, now.step)
                now.running.add(values, sampler.together(now.step))
                now.step += 1
                progress(now.epoch * sampler.steps + now.step, settings.epochs * sampler.steps)

    def close(self, on_epoch: Callable[[int, dict[str, float]], None]) -> None:
        """Validate, write the history of the epoch, keep the weights if they are the best."""
        now, step = self.position, self.step
        accuracy = self.accuracy()
        now.history.add(now.epoch + 1, "train", now.running.summary())
        now.history.add(now.epoch + 1, "val", accuracy)
        now.epoch, now.step, now.running = now.epoch + 1, 0, Running()
        if step.process_group.writes and now.history.best_epoch() == now.epoch:
            now.best = write_best(self.folder, step.model, now.epoch)
        self.save()
        on_epoch(now.epoch, now.history.epoch(now.epoch))

    def accuracy(self) -> dict[str, float]:
        if self.validation_set is None:
            return {}
        settings = self.step.settings
        value = validate(
            self.step.model,
            self.validation_set,
            settings.batch_size,
            process_group=self.step.process_group,
            precision=settings.precision,
            workers=self.workers,
            between=self.stop_if_asked,
        )
        return {"accuracy": value}

    def stop_if_asked(self) -> None:
        if self.step.process_group.any(self.stop_asked()):
            self.save()
            self.step.process_group.wait()  # torchrun ends all processes as soon as one has left
            raise Resumable(
                f"{self.folder}: stopped in epoch {self.position.epoch + 1} after step "
                f"{self.position.step}; run the same command with --resume to go on"
            )

    def save(self) -> None:
        step = self.step
        if step.process_group.writes:
            write_checkpoint(
                self.folder, step.model, step.optimisers, self.position, self.fingerprint
            )

    def keep_best(self) -> None:
        step = self.step
        if step.process_group.writes:
            read_best(self.folder, step.model, self.position)
        step.process_group.copy_from_first(step.model)
        step.model.eval()
