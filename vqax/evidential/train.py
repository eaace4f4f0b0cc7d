"""Training a classifier that fits in memory: seeded, and on one machine the same every time."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional
from torch.optim import Adam
from torch.optim.lr_scheduler import StepLR

from vqax.errors import UsageError
from vqax.evidential.classifier import Classifier
from vqax.evidential.heads import Head, predict
from vqax.explain.state import seed_draws
from vqax.learning.history import History, Running
from vqax.settings import ClassifierTraining

Labelled = tuple[Tensor, Tensor]
UNDECAYED = "log_variance"


def initialised(build: Callable[[], Classifier], *, seed: int) -> Classifier:
    """A model with weights drawn from ``seed``; torch's own generator is as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return build()


def train(
    model: Classifier,
    images: Float[Tensor, "n c y x"],
    labels: Int[Tensor, "_"],
    head: Head,
    settings: ClassifierTraining,
    *,
    validation: Labelled | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> History:
    """Train ``model`` in place; the last epoch counts, nothing is chosen by ``validation``.

    Of every epoch: mean train loss (with its extremes over the steps), and on ``validation``
    accuracy and mean uncertainty. The KL of a loss sees epochs from 0, the history counts from 1.
    Log-variances of variational layers are not decayed: their prior is in the loss.

    Raises:
        UsageError: not a label for every image, no image, or the loss is not finite any more.
        BadData: a label outside the model's classes.
    """
    if not 0 < len(images) == len(labels):
        raise UsageError(
            f"{len(images)} images and {len(labels)} labels to train on; give one label each"
        )
    optimiser = Adam(_groups(model, settings.weight_decay), lr=settings.lr)
    schedule = StepLR(optimiser, settings.step_epochs, settings.step_factor)
    history = History()
    devices = {parameter.device for parameter in model.parameters() if parameter.is_cuda}
    with torch.random.fork_rng(devices=list(devices)):
        seed_draws(model, settings.seed)
        for epoch in range(settings.epochs):
            loss = _epoch(model, images, labels, head, settings, optimiser, epoch)
            schedule.step()
            history.add(epoch + 1, "train", loss)
            if validation is not None:
                history.add(epoch + 1, "val", _validate(model, head, validation, settings.seed))
            if progress is not None:
                progress(epoch + 1, settings.epochs)
    return history


def accuracy(labels: Int[Tensor, "n"], truth: Int[Tensor, "n"]) -> float:
    """The share of equal labels, in [0, 1]."""
    return (labels == truth).float().mean().item()


def _epoch(
    model: Classifier,
    images: Float[Tensor, "n c y x"],
    labels: Int[Tensor, "n"],
    head: Head,
    settings: ClassifierTraining,
    optimiser: Adam,
    epoch: int,
) -> dict[str, float]:
    model.train()
    running = Running()
    generator = torch.Generator().manual_seed((settings.seed * 1_000_003 + epoch) % 2**63)
    for rows in torch.randperm(len(images), generator=generator).split(settings.batch_size):
        chosen = rows.to(images.device)
        seen = shifted(images[chosen], settings.shift, generator)
        loss = head.losses(model, seen, labels[chosen], epoch).mean()
        if not loss.isfinite():
            raise UsageError(
                f"the loss is {loss.item()} in epoch {epoch + 1}; lower the learning rate "
                f"({settings.lr:g}) or scale the images to 0..1"
            )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        running.add({"loss": loss.item()}, len(rows))
    return running.summary()


def shifted(
    images: Float[Tensor, "b c y x"], most: int, generator: torch.Generator
) -> Float[Tensor, "b c y x"]:
    """Each image moved by whole pixels, uniform in -most..most on both axes, black behind it."""
    if most == 0:
        return images
    b, _, height, width = images.shape
    padded = functional.pad(images, (most, most, most, most))
    start = torch.randint(2 * most + 1, (b, 2, 1), generator=generator).to(images.device)
    rows = start[:, 0] + torch.arange(height, device=images.device)
    columns = start[:, 1] + torch.arange(width, device=images.device)
    which = torch.arange(b, device=images.device)[:, None, None]
    moved = padded.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2).contiguous()


def _groups(model: Classifier, decay: float) -> list[dict[str, object]]:
    named = list(model.named_parameters())
    decayed = [value for name, value in named if not name.endswith(UNDECAYED)]
    others = [value for name, value in named if name.endswith(UNDECAYED)]
    groups: list[dict[str, object]] = [{"params": decayed, "weight_decay": decay}]
    return [*groups, {"params": others, "weight_decay": 0.0}] if others else groups


def _validate(model: Classifier, head: Head, validation: Labelled, seed: int) -> dict[str, float]:
    images, labels = validation
    found = predict(model, head, images, seed=seed)
    return {
        "accuracy": accuracy(found.label, labels),
        "uncertainty": found.uncertainty.mean().item(),
    }
