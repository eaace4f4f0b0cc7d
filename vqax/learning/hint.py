"""HINT: regions that people look at should influence the answer more (Selvaraju et al. 2019).

No code of its authors is public; the form is that of Shrestha et al. 2020, who compared it with
SCR and with no cue at all: hint weight 2, learning rate 2e-5, 12 epochs from the baseline.
"""

from math import inf

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vqax.learning.answer_losses import ANSWER_LOSSES
from vqax.learning.batches import Batch
from vqax.learning.influence import (
    differentiated_twice,
    given_answers,
    influence,
    with_slopes,
)
from vqax.learning.key_objects import hints_of
from vqax.learning.objective import Objective, Step, within
from vqax.models.options import option


def ranking_loss(
    importance: Float[Tensor, "b l"], hints: Float[Tensor, "b l"], ties: bool = True
) -> Float[Tensor, "b"]:
    """1/l Σ_ij max(0, e_j - e_i) over the pairs with h_i ≥ h_j; 0 for a sample without hints.

    ``ties``: pairs of equal hints count both ways, so that regions that are alike to people should
    be alike to the model; otherwise only pairs with h_i > h_j.
    """
    ahead = hints.unsqueeze(2) - hints.unsqueeze(1)
    pairs = ahead >= 0 if ties else ahead > 0
    violated = (importance.unsqueeze(1) - importance.unsqueeze(2)).relu()
    losses = (violated * pairs).sum((1, 2)) / hints.shape[1]
    return losses * (hints.amax(1) > 0)


def hint_objective(*, loss: str = "bce", weight: float = 2.0, ties: bool = True) -> Objective:
    """Answer loss + weight · ``ranking_loss`` of the influence of each region.

    Raises:
        UsageError: an unknown option; when called, a run without key objects, or a model without
            second derivatives.
    """
    answer_loss = option(ANSWER_LOSSES, loss, "objective.loss")
    within("weight", weight, 0, inf)

    def objective(model: nn.Module, batch: Batch, generator: torch.Generator) -> Step:  # noqa: ARG001
        hints = hints_of(batch, "hint")
        output = with_slopes(model, batch)
        answer = answer_loss(model, output, batch.targets, batch.bias).mean()
        found = influence(model, output, given_answers(output.logits, batch.targets))
        ranking = ranking_loss(found, hints.to(found.dtype), ties).mean()
        parts = {"answer_loss": answer.detach(), "ranking_loss": ranking.detach()}
        return Step(answer + weight * ranking, parts)

    return differentiated_twice("hint", objective)
