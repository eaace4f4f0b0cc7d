"""The training of a detector: short enough to begin again when it was stopped."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import isfinite
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from vqax.data.coco import Instance
from vqax.data.images import load_rgb
from vqax.errors import BadData, UsageError
from vqax.learning.detection import Target, detection_losses, target
from vqax.learning.history import History
from vqax.learning.optimiser import build_optimiser, rate_factor, set_rates
from vqax.learning.step import autocast
from vqax.settings import DetectorTraining, OptimiserSettings
from vqax.vision.detector import Detector
from vqax.vision.resize import preprocess

Example = tuple[Path, Sequence[Instance]]
Sample = tuple[Float[Tensor, "3 h w"], Target]
WARMUP = 0.1
"""Share of the steps in which the rate rises."""


def train_detector(
    detector: Detector,
    examples: Mapping[int, Example],
    settings: DetectorTraining,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> History:
    """Train on images (by image_id) and their instances; return the losses by epoch.

    AdamW, the rate rises and then falls as a cosine. The image of the next step is read while
    this one is computed. The same seed and threads give the same weights.

    Raises:
        UsageError: fewer images than one batch, or a detector that does not square them.
        BadData: an image cannot be read, or the training has diverged.
    """
    image_ids = np.array(sorted(examples))
    steps = len(image_ids) // settings.batch_size
    if steps == 0:
        raise UsageError(
            f"{len(image_ids)} images to train a detector on are fewer than its batch_size "
            f"{settings.batch_size}; lower that or name a larger split"
        )
    if not detector.squared:
        raise UsageError("only detectors of squared images are trained here; use build_detector")
    parameters = [value for value in detector.parameters() if value.requires_grad]
    optimiser = build_optimiser(
        OptimiserSettings("adamw", settings.lr, settings.weight_decay), parameters
    )
    history, total = History(), settings.epochs * steps
    detector.train()
    for epoch in range(settings.epochs):
        order = np.random.default_rng([settings.seed, epoch]).permutation(image_ids)
        batches = order[: steps * settings.batch_size].reshape(steps, -1)
        measured = []
        for step, samples in enumerate(_ahead(list(batches), examples, detector)):
            done = epoch * steps + step
            factor = rate_factor(
                done, warmup_steps=WARMUP * total, total_steps=total, decay="cosine"
            )
            set_rates([optimiser], factor)
            measured.append(_step(detector, samples, parameters, optimiser, settings, done))
            if progress is not None:
                progress(done + 1, total)
        history.add(epoch + 1, "train", _mean(measured))
    detector.eval()
    return history


def _step(
    detector: Detector,
    samples: Sequence[Sample],
    parameters: Sequence[Tensor],
    optimiser: torch.optim.Optimizer,
    settings: DetectorTraining,
    number: int,
) -> dict[str, float]:
    images, targets = zip(*samples, strict=True)
    optimiser.zero_grad(set_to_none=True)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed((settings.seed * 1_000_003 + number) % 2**63)
        with autocast(settings.precision, torch.device("cpu")):
            losses = detection_losses(detector, images, targets)
    total = torch.stack([loss.float() for loss in losses.values()]).sum()
    total.backward()
    norm = float(clip_grad_norm_(parameters, settings.clip))
    if not isfinite(norm) or not isfinite(total.item()):
        raise BadData(
            f"step {number + 1}: the training of the detector has diverged (loss {total.item():g}, "
            f"gradient norm {norm:g}); lower lr from {settings.lr:g}"
        )
    optimiser.step()
    return {"loss": total.item(), **{name: loss.item() for name, loss in losses.items()}}


def _ahead(
    batches: Sequence[np.ndarray], examples: Mapping[int, Example], detector: Detector
) -> Iterator[list[Sample]]:
    """The samples of every batch; the next ones are read while these are used."""

    def read(image_ids: np.ndarray) -> list[Sample]:
        return [sample(*examples[int(image_id)], detector) for image_id in image_ids]

    with ThreadPoolExecutor(1, "images") as pool:
        coming = pool.submit(read, batches[0])
        for following in [*batches[1:], None]:
            samples = coming.result()
            if following is not None:
                coming = pool.submit(read, following)
            yield samples


def sample(path: Path, instances: Sequence[Instance], detector: Detector) -> Sample:
    """An image in 0..1 as the detector sees it, and what is to be found in it."""
    image, side = load_rgb(path), detector.input_px
    scale = (side / image.width, side / image.height)
    return preprocess(image, side).float() / 255, target(instances, detector, scale)


def _mean(measured: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([one[name] for one in measured])) for name in measured[0]}
