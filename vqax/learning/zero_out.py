"""Zero-out: all answers are wrong, for every question; no visual cue at all.

Shrestha et al. 2020, "A negative case analysis of visual grounding methods for VQA": as good on
changed priors as methods with cues (weight 2, learning rate 1e-6, 12 epochs from the baseline), so
a gain of such a method is one over this control.
"""

from math import inf

import torch
from torch import nn

from vqax.learning.attreg import loss_of_answers
from vqax.learning.batches import Batch
from vqax.learning.objective import Objective, Step, within


def zero_out_objective(*, loss: str = "bce", weight: float = 2.0) -> Objective:
    """Answer loss + weight · the same loss for targets of zero.

    Raises:
        UsageError: an unknown option.
    """
    answer_loss = loss_of_answers(loss)
    within("weight", weight, 0, inf)

    def objective(model: nn.Module, batch: Batch, generator: torch.Generator) -> Step:  # noqa: ARG001
        output = model(batch.visual, batch.tokens)
        answer = answer_loss(model, output, batch.targets, batch.bias).mean()
        nothing = torch.zeros_like(batch.targets)
        zeroed = answer_loss(model, output, nothing, batch.bias).mean()
        parts = {"answer_loss": answer.detach(), "zero_out_loss": zeroed.detach()}
        return Step(answer + weight * zeroed, parts)

    return objective
