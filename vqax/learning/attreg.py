"""Attention regularisation by masking ignored key objects (Liu et al. 2021, "AttReg").

Symbols of the paper: L_vqa -> ``answer_loss``, L_reg -> ``curated_loss``, λ -> ``weight``, M ->
``top``, I_m -> the image with the ``masked`` regions. See studies/attreg/README.md for what is
printed and what is released.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.learning.answer_losses import ANSWER_LOSSES, SOFTMAX_LOSSES, AnswerLoss
from vqax.learning.batches import Batch
from vqax.learning.key_objects import THRESHOLDS, attention_of, hints_of, ignored_by
from vqax.learning.objective import Objective, Step, within
from vqax.learning.processes import share_of_all
from vqax.learning.regions import blank_
from vqax.learning.sampling import sample_noise
from vqax.models.options import known, option

Regions = Bool[Tensor, "b l"]


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a mask is chosen from: V*, V°, M, and a draw for each region if it asks for one."""

    key: Regions
    ignored: Regions
    top: int
    draw: Callable[[], Float[Tensor, "b l"]]

    def at_random(self, numbers: Int[Tensor, "b"]) -> Regions:
        """So many regions of each image; the draws have no equals."""
        return self.draw().argsort(1).argsort(1) < numbers.unsqueeze(1)


MASKS: dict[str, Callable[[Candidates], Regions]] = {
    "key_objects": lambda of: of.key & of.ignored,
    "random": lambda of: of.at_random((of.key & of.ignored).sum(1)),
    "random_everywhere": lambda of: of.at_random(
        torch.full_like(of.key[:, 0], of.top, dtype=torch.long)
    ),
    "all_key_objects": lambda of: of.key,
}
"""key_objects: V* ∩ V°, AttReg itself. random: as many regions as that, anywhere in the image
(RandMask). random_everywhere: ``top`` of them in every image, no cue at all. all_key_objects:
V*, whatever the attention is on."""


def loss_of_answers(name: str) -> AnswerLoss:
    """An answer loss that a target of zeros pushes down.

    Raises:
        UsageError: there is no such loss, or it is a softmax over the answers.
    """
    if known(ANSWER_LOSSES, name, "objective.loss") in SOFTMAX_LOSSES:
        raise UsageError(
            f"objective.loss: {name} cannot say that all answers are wrong, which this objective "
            "asks for; use bce, or lmh or rubi with the model of that name"
        )
    return ANSWER_LOSSES[name]


@dataclass(frozen=True, slots=True)
class CuratedSamples:
    """Which regions are masked, and so which samples get a curated copy."""

    keep_top: int | float
    margin: float
    top: int
    threshold: str
    mask: str

    def __post_init__(self) -> None:
        known(THRESHOLDS, self.threshold, "objective.threshold")
        known(MASKS, self.mask, "objective.mask")
        within("top", self.top, 1, inf)
        within("keep_top", self.keep_top, 0, inf)
        within("margin", self.margin, 0, 1)

    def masked(
        self, batch: Batch, attention: Float[Tensor, "b l"], generator: torch.Generator
    ) -> tuple[Regions, dict[str, Tensor]]:
        """The regions to mask, and what is reported of the key objects (means over the batch)."""
        key = option(THRESHOLDS, self.threshold, "threshold")(hints_of(batch, "attreg"), self.top)
        ignored = ignored_by(attention, self.keep_top, self.margin)

        def draw() -> Float[Tensor, "b l"]:
            return sample_noise(generator, batch.question_ids, 1, attention)[0]

        masked = MASKS[self.mask](Candidates(key, ignored, self.top, draw))
        counts = {"key_objects": key, "ignored_key_objects": key & ignored}
        parts = {name: regions.sum(1).float().mean() for name, regions in counts.items()}
        return masked, {**parts, "curated_share": masked.any(1).float().mean()}


def curated_loss(
    model: nn.Module, batch: Batch, masked: Regions, answer_loss: AnswerLoss
) -> Float[Tensor, ""]:
    """Mean over the curated samples of all processes of the loss for a target of zeros.

    A sample without a masked region has no curated copy. Divided by this process's rows and by
    the share of curated ones among all, so that the mean of the processes is that of one.
    """
    curated = masked.any(1)
    share, rows = share_of_all(curated), curated.nonzero()[:, 0]
    if len(rows) == 0:
        return batch.targets.new_zeros(())
    copy = batch.each(lambda part: part[rows])
    output = model(blank_(model, copy.visual, masked[rows]), copy.tokens)
    losses = answer_loss(model, output, torch.zeros_like(copy.targets), copy.bias)
    return losses.sum() / (len(curated) * share)


def attreg_objective(
    *,
    loss: str = "bce",
    weight: float = 1.0,
    keep_top: int | float = 7,
    margin: float = 1e-5,
    top: int = 4,
    threshold: str = "released",
    mask: str = "key_objects",
) -> Objective:
    """L_vqa + λ L_reg (equation 7, algorithm 2); both losses are ``loss``.

    The features of the masked regions are 0, all answers to the curated sample are wrong, and the
    mask is a constant. ``weight`` 0 leaves the backbone's training and its counts (figure 5b).

    Raises:
        UsageError: an unknown option; when called, a run without key objects, a model without
            attention, or a ``keep_top`` that leaves nothing to ignore.
    """
    answer_loss = loss_of_answers(loss)
    within("weight", weight, 0, inf)
    samples = CuratedSamples(keep_top, margin, top, threshold, mask)

    def objective(model: nn.Module, batch: Batch, generator: torch.Generator) -> Step:
        output = model(batch.visual, batch.tokens)
        answer = answer_loss(model, output, batch.targets, batch.bias).mean()
        attention = attention_of(output, "attreg")
        masked, parts = samples.masked(batch, attention, generator)
        parts["answer_loss"] = answer.detach()
        if weight == 0:
            return Step(answer, parts)
        curated = curated_loss(model, batch, masked, answer_loss)
        return Step(answer + weight * curated, {**parts, "curated_loss": curated.detach()})

    return objective
