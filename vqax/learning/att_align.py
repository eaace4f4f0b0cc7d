"""AttAlign: the attention itself is pushed to the key objects (baseline of HINT and AttReg).

Its only description is that attention takes the place of the gradient in HINT, hence ``rank``;
``kl`` is the common alternative, the divergence of the attention from the hints. No weight is
published.
"""

from collections.abc import Callable
from math import inf

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vqax.learning.answer_losses import ANSWER_LOSSES
from vqax.learning.batches import Batch
from vqax.learning.hint import ranking_loss
from vqax.learning.key_objects import attention_with_gradient, hints_of
from vqax.learning.objective import Objective, Step, within
from vqax.models.options import option

TINY = 1e-12


def divergence(attention: Float[Tensor, "b l"], hints: Float[Tensor, "b l"]) -> Float[Tensor, "b"]:
    """KL(h / Σh ‖ attention) in nats; 0 for a sample without hints."""
    total = hints.sum(1, keepdim=True)
    wanted = hints / total.clamp_min(TINY)
    return (torch.xlogy(wanted, wanted) - wanted * attention.clamp_min(TINY).log()).sum(1)


FORMS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"rank": ranking_loss, "kl": divergence}


def att_align_objective(*, loss: str = "bce", weight: float = 2.0, form: str = "rank") -> Objective:
    """Answer loss + weight · misalignment of the attention with the key objects.

    Raises:
        UsageError: an unknown option; when called, a run without key objects, or a model without
            attention.
    """
    answer_loss = option(ANSWER_LOSSES, loss, "objective.loss")
    misalignment = option(FORMS, form, "objective.form")
    within("weight", weight, 0, inf)

    def objective(model: nn.Module, batch: Batch, generator: torch.Generator) -> Step:  # noqa: ARG001
        hints = hints_of(batch, "att_align")
        output = model(batch.visual, batch.tokens)
        answer = answer_loss(model, output, batch.targets, batch.bias).mean()
        attention = attention_with_gradient(output, "att_align")
        aligned = misalignment(attention, hints.to(attention.dtype)).mean()
        parts = {"answer_loss": answer.detach(), "alignment_loss": aligned.detach()}
        return Step(answer + weight * aligned, parts)

    return objective
