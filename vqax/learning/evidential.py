"""The objective of a VQA model with an evidential answer head (Sensoy et al. 2018, EDL 2.2)."""

from dataclasses import dataclass

import torch
from torch import nn

from vqax.errors import UsageError
from vqax.learning.batches import Batch
from vqax.learning.evidential_losses import RISKS, annealing_weight, dirichlet_loss
from vqax.learning.objective import Step, within
from vqax.learning.uncertainty import normalised_targets
from vqax.models.evidential_answers import alpha_of, vacuity
from vqax.models.options import known


@dataclass(frozen=True, slots=True)
class EvidentialObjective:
    """risk + ``kl`` · min(1, epoch / annealing) · KL; ``at`` gives the objective of an epoch."""

    risk: str
    kl: float
    annealing: int
    epoch: int = 0

    def __post_init__(self) -> None:
        known(RISKS, self.risk, "objective.risk")
        within("kl", self.kl, 0, torch.inf)
        within("annealing", self.annealing, 0, torch.inf)

    def at(self, epoch: int) -> "EvidentialObjective":
        """The same in another epoch, from 0."""
        return EvidentialObjective(self.risk, self.kl, self.annealing, epoch)

    def __call__(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> Step:  # noqa: ARG002
        logits = model(batch.visual, batch.tokens).logits
        alpha = alpha_of(model, logits)
        if alpha is None:
            raise UsageError(
                f"evidence: the answer head of this {type(model).__name__} gives none; "
                "build it with evidence softplus, exp or relu"
            )
        weight = self.kl * annealing_weight(self.epoch, self.annealing)
        targets = normalised_targets(batch.targets)
        losses = dirichlet_loss(alpha, targets, weight, risk=self.risk).to(logits.dtype)
        seen = {"answer_loss": losses, "vacuity": vacuity(logits)}
        return Step(losses.mean(), {name: part.detach().mean() for name, part in seen.items()})


def evidential_objective(
    *, risk: str = "type_two_likelihood", kl: float = 1.0, annealing: int = 10
) -> EvidentialObjective:
    """The loss of ``evidential_loss`` on the soft scores, scaled to sum 1 over the answers.

    A question whose answers are all unknown has a target of zeros: all its evidence misleads.
    ``kl`` scales the KL, whose size grows with the number of answers; 1 is Sensoy's.

    Raises:
        UsageError: an unknown risk, a negative number; when called, a model without evidence.
    """
    return EvidentialObjective(risk, kl, annealing)
