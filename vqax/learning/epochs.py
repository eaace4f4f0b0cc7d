"""The epochs of a training under way: steps, validation, checkpoint."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vqax.errors import Resumable
from vqax.learning.batches import Batchable, batches
from vqax.learning.checkpoint import (
    Position,
    discard_checkpoint,
    read_best,
    read_checkpoint,
    write_best,
    write_checkpoint,
)
from vqax.learning.history import Running
from vqax.learning.sampler import Sampler
from vqax.learning.step import Stepper
from vqax.learning.validation import validate


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
        elif step.team.writes:
            discard_checkpoint(self.folder)
        step.team.copy_from_first(step.model)

    def finished(self) -> bool:
        settings, best = self.step.settings, self.position.history.best_epoch()
        if settings.patience is None or best is None:
            return self.position.epoch >= settings.epochs
        waited = self.position.epoch - best
        return self.position.epoch >= settings.epochs or waited >= settings.patience

    def train(self, progress: Callable[[int, int], None]) -> None:
        """The steps of an epoch that are still to do."""
        now, settings, team = self.position, self.step.settings, self.step.team
        sampler = Sampler(
            len(self.train_set),
            settings.batch_size,
            settings.seed,
            rank=team.rank,
            world_size=team.world_size,
        )
        read = batches(
            self.train_set, sampler, epoch=now.epoch, start=now.step, workers=self.workers
        )
        with closing(read):
            for batch in read:
                self.stop_if_asked()
                values = self.step(batch.to(team.device), sampler, now.epoch, now.step)
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
        if step.team.writes and now.history.best_epoch() == now.epoch:
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
            team=self.step.team,
            precision=settings.precision,
            workers=self.workers,
            between=self.stop_if_asked,
        )
        return {"accuracy": value}

    def stop_if_asked(self) -> None:
        if self.step.team.any(self.stop_asked()):
            self.save()
            self.step.team.wait()  # torchrun ends all processes as soon as one has left
            raise Resumable(
                f"{self.folder}: stopped in epoch {self.position.epoch + 1} after step "
                f"{self.position.step}; run the same command with --resume to go on"
            )

    def save(self) -> None:
        step = self.step
        if step.team.writes:
            write_checkpoint(
                self.folder, step.model, step.optimisers, self.position, self.fingerprint
            )

    def keep_best(self) -> None:
        step = self.step
        if step.team.writes:
            read_best(self.folder, step.model, self.position)
        step.team.copy_from_first(step.model)
        step.model.eval()
