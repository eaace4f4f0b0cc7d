"""A model, a data set and an objective small enough to train in milliseconds.

Also a program, for the tests that need a process to kill or several to work together:
``python -m tests.learning.tiny FOLDER [--kill-at-step 6] [--kill-between-files 1] [--resume]``
"""

import argparse
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vqax.learning import checkpoint
from vqax.learning.batches import Batch
from vqax.learning.loop import train
from vqax.learning.objective import Step
from vqax.learning.weights import save_model
from vqax.settings import OptimiserSettings, TrainSettings

CELLS, WIDTH, TOKENS, ANSWERS = 3, 4, 5, 6


class TinyForward(NamedTuple):
    logits: Tensor


class TinyModel(nn.Module):
    """One hidden layer with dropout; ``variance`` is there to have an optimiser of its own."""

    def __init__(self, dropout: float = 0.3, answers: int = ANSWERS) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 4, padding_idx=0)
        self.hidden = nn.Linear(WIDTH + 4, 7)
        self.dropout = nn.Dropout(dropout)
        self.answer = nn.Linear(7, answers)
        self.variance = nn.Linear(7, 1)

    def head(self, combined: Tensor) -> tuple[Tensor, Tensor]:
        dropped = self.dropout(combined)
        return self.answer(dropped), functional.softplus(self.variance(dropped))

    def forward(self, visual: Tensor, tokens: Tensor) -> TinyForward:
        seen = torch.cat([visual.mean(1), self.embedding(tokens).mean(1)], dim=1)
        return TinyForward(self.head(torch.tanh(self.hidden(seen)))[0])

    def combined(self, batch: Batch) -> Tensor:
        seen = torch.cat([batch.visual.mean(1), self.embedding(batch.tokens).mean(1)], dim=1)
        return torch.tanh(self.hidden(seen))


class TinyData:
    """``size`` examples whose answer can be learnt from their features."""

    def __init__(self, size: int, seed: int = 0) -> None:
        noise = np.random.default_rng(seed)
        self.visual = noise.normal(size=(size, CELLS, WIDTH)).astype(np.float32)
        self.tokens = noise.integers(0, 9, (size, TOKENS))
        self.targets = np.zeros((size, ANSWERS), dtype=np.float32)
        best = (self.visual.mean(1) @ noise.normal(size=(WIDTH, ANSWERS))).argmax(1)
        self.targets[np.arange(size), best] = noise.choice([0.3, 0.6, 0.9, 1.0], size)

    def __len__(self) -> int:
        return len(self.tokens)

    def batch(self, rows: np.ndarray) -> Batch:
        ids = torch.from_numpy(rows)
        return Batch(ids, ids // 2, *(torch.from_numpy(x[rows]) for x in self._arrays()))

    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.visual, self.tokens, self.targets


def noisy_objective(model: nn.Module, batch: Batch, generator: torch.Generator) -> Step:
    """Cross-entropy of logits distorted by the generator's noise, from a call of the head alone."""
    logits, variance = model.head(model.combined(batch))
    noise = torch.randn(logits.shape, generator=generator)
    return _step(logits + variance.sqrt() * noise, variance, batch)


def plain_objective(model: nn.Module, batch: Batch, generator: torch.Generator) -> Step:
    """The same without any randomness, to compare numbers of processes."""
    logits, variance = model.head(model.combined(batch))
    return _step(logits, variance, batch)


def _step(logits: Tensor, variance: Tensor, batch: Batch) -> Step:
    loss = functional.cross_entropy(logits, batch.targets) + 0.1 * variance.mean()
    return Step(loss, {"variance": variance.mean().detach()})


def parts() -> tuple[TinyData, TinyData]:
    """Train and validation; batches of 8 leave one of a single example."""
    return TinyData(25), TinyData(9, seed=5)


def uneven_parts() -> tuple[TinyData, TinyData]:
    """Of batches of 5, two processes get 3 and 2 examples, and of the last one 1 and none.

    Every answer to the last question is right, so that counting it twice would show.
    """
    held_out = TinyData(11, seed=5)
    held_out.targets[-1] = 1.0
    return TinyData(26), held_out


def settings(**changes: object) -> TrainSettings:
    """Two optimisers with memory, a schedule and a clip, on a size that leaves a short batch."""
    values: dict = {
        "epochs": 3,
        "batch_size": 8,
        "seed": 4,
        "optimiser": OptimiserSettings("adamw", 0.02, weight_decay=0.01),
        "groups": {"variance": OptimiserSettings("sgd", 0.01, momentum=0.9)},
        "clip": 1.0,
        "warmup_epochs": 0.5,
        "decay": "cosine",
    }
    return TrainSettings(**(values | changes))


def model(seed: int = 1, **sizes: object) -> TinyModel:
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return TinyModel(**sizes)


def killing(objective: Callable, at_call: int, number: int = signal.SIGKILL) -> Callable:
    """The objective, sending this process a signal in its ``at_call``-th call, from 0."""
    calls = iter(range(10**9))

    def wrapped(*arguments: object) -> Step:
        if next(calls) == at_call:
            os.kill(os.getpid(), number)
        return objective(*arguments)

    return wrapped


def dying(write: Callable, at_call: int) -> Callable:
    """The file writer, killing this process instead of writing in its ``at_call``-th call."""
    calls = iter(range(10**9))

    def wrapped(*arguments: object, **named: object) -> None:
        if next(calls) == at_call:
            os.kill(os.getpid(), signal.SIGKILL)
        write(*arguments, **named)

    return wrapped


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kill-at-step", type=int)
    parser.add_argument("--kill-between-files", type=int)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--plain", action="store_true")
    given = parser.parse_args()
    objective = plain_objective if given.plain else noisy_objective
    if given.kill_at_step is not None:
        objective = killing(objective, given.kill_at_step)
    if given.kill_between_files is not None:
        checkpoint.write_json = dying(checkpoint.write_json, given.kill_between_files)
    network = model(dropout=0.0 if given.plain else 0.3)
    history = train(
        network,
        objective,
        *(uneven_parts() if given.plain else parts()),
        settings(batch_size=5 if given.plain else 8),
        checkpoint_dir=given.folder / "checkpoint",
        resume=given.resume,
    )
    if os.environ.get("RANK", "0") == "0":
        save_model(given.folder, network, {"history": history.entries})


if __name__ == "__main__":
    main()
