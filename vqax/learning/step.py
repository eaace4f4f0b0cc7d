"""One step of training (random numbers, loss, gradients, update), and validation."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm
from torch.optim import Optimizer

from vqax.errors import BadData
from vqax.learning.batches import Batch, Batchable, batches
from vqax.learning.objective import Objective, Step, at_epoch
from vqax.learning.optimiser import rate_factor, set_rates
from vqax.learning.processes import Processes
from vqax.learning.sampler import Sampler
from vqax.settings import TrainSettings


@dataclass(frozen=True)
class Stepper:
    """Everything a step needs that stays the same from step to step."""

    model: nn.Module
    objective: Objective
    optimisers: list[Optimizer]
    settings: TrainSettings
    process_group: Processes

    def __call__(self, batch: Batch, sampler: Sampler, epoch: int, step: int) -> dict[str, float]:
        """Update the model once; return loss, parts and gradient norm over all processes.

        Raises:
            BadData: loss, gradient or certainty mask is not finite; the model is left as it was.
        """
        weight = sampler.weight(step)
        generator = seed_step(self.settings.seed, epoch, step, self.process_group)
        try:
            result = self._gradients(batch, generator, epoch)
        except BadData as error:
            raise BadData(f"epoch {epoch + 1}, step {step + 1}: {error}") from error
        parameters = [value for value in self.model.parameters() if value.requires_grad]
        self.process_group.average_gradients(parameters, weight)
        norm = get_total_norm([value.grad for value in parameters if value.grad is not None])
        values = self.process_group.mean({"loss": result.loss, **result.parts}, weight)
        values["gradient_norm"] = float(norm)
        self._refuse_unless_finite(values, epoch, step)
        clip_grads_with_norm_(parameters, self.settings.clip or inf, norm)
        set_rates(self.optimisers, self._rate_factor(epoch, step, sampler.steps))
        for optimiser in self.optimisers:
            optimiser.step()
        return values

    def _gradients(self, batch: Batch, generator: torch.Generator, epoch: int) -> Step:
        """Leave the gradients of this process's rows in the parameters."""
        self.model.train()
        self.model.zero_grad(set_to_none=True)
        with autocast(self.settings.precision, self.process_group.device):
            result = at_epoch(self.objective, epoch)(self.model, batch, generator)
        result.loss.backward()
        return result

    def _rate_factor(self, epoch: int, step: int, steps: int) -> float:
        return rate_factor(
            epoch * steps + step,
            warmup_steps=float(self.settings.warmup_epochs * steps),
            total_steps=self.settings.epochs * steps,
            decay=self.settings.decay,
        )

    def _refuse_unless_finite(self, values: dict[str, float], epoch: int, step: int) -> None:
        if isfinite(values["loss"]) and isfinite(values["gradient_norm"]):
            return
        settings = self.settings
        measured = ", ".join(f"{name} {value:g}" for name, value in values.items())
        raise BadData(
            f"epoch {epoch + 1}, step {step + 1}: the training has diverged ({measured}); lower "
            f"optimiser.lr (now {settings.optimiser.lr:g}) or clip (now {settings.clip}), or set "
            f"precision to fp32 (now {settings.precision})"
        )


def seed_step(seed: int, epoch: int, step: int, process_group: Processes) -> torch.Generator:
    """Seed torch's global state, for dropout, and return a generator for the objective's noise.

    Both follow from the numbers alone, so a checkpoint need not hold any random state. The
    generator is the same in all processes: the objective keys its noise by question, so that a
    step does not depend on how many processes share it. Dropout has no such key.
    """
    shared, own = (
        np.random.SeedSequence([seed, epoch, step, who]) for who in (0, 1 + process_group.rank)
    )
    seed_dropout(int(own.generate_state(1, np.uint64)[0]), process_group.device)
    noise = int(shared.generate_state(1, np.uint64)[0])
    return torch.Generator(process_group.device).manual_seed(noise)


def seed_dropout(seed: int, device: torch.device) -> None:
    """Seed torch's global generators of the processor and of ``device``.

    ``torch.manual_seed`` keeps a formatted stack for every kind of device that was never used,
    which is milliseconds a step and memory that only grows.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)


@contextmanager
def own_random_state(device: torch.device) -> Iterator[None]:
    """Whatever the block does to torch's global random state is undone after it."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """bfloat16 where torch deems it safe for "bf16", nothing for "fp32"."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")


def soft_accuracy(
    logits: Float[Tensor, "b a"], targets: Float[Tensor, "b a"]
) -> Float[Tensor, "b"]:
    """The soft score, 0 to 1, of the answer with the highest logit; the first one of equals."""
    return targets.gather(1, logits.argmax(dim=1, keepdim=True)).squeeze(1)


@torch.no_grad()
def validate(
    model: nn.Module,
    dataset: Batchable,
    batch_size: int,
    *,
    process_group: Processes,
    precision: str = "fp32",
    workers: int = 0,
    between: Callable[[], None] = lambda: None,
) -> float:
    """Mean soft-score accuracy over the data set, in [0, 1]; ``between`` is called before each
    batch and may raise to stop. The model is left in eval mode.
    """
    model.eval()
    sampler = Sampler(
        len(dataset),
        batch_size,
        shuffle=False,
        rank=process_group.rank,
        world_size=process_group.world_size,
    )
    scored = 0.0
    with closing(batches(dataset, sampler, workers=workers)) as read:
        for step, batch in enumerate(read):
            between()
            here = batch.to(process_group.device)
            with autocast(precision, process_group.device):
                logits = model(here.visual, here.tokens).logits
            if sampler.weight(step) > 0.0:
                scored += float(soft_accuracy(logits, here.targets).sum())
    return process_group.total([scored])[0] / len(dataset)
