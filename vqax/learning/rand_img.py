"""RandImg: with the image of another question, the right answers should score low.

Teney et al. 2020, "On the value of out-of-distribution testing"; no code is public. AttReg,
section 4.3: every question gets a copy with random image features, for which the score of the
correct answer is to be low. The image is that of another question of the batch.
"""

from math import inf

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from vqax.learning.answer_losses import ANSWER_LOSSES
from vqax.learning.batches import Batch
from vqax.learning.objective import Objective, Step, within
from vqax.learning.processes import share_of_all
from vqax.models.options import option
from vqax.models.scale import full_precision


def partners(batch: Batch, generator: torch.Generator) -> Int[Tensor, "b"]:
    """For each row another one of the batch, every row once (itself where it is alone)."""
    order = torch.randperm(len(batch.tokens), generator=generator, device=generator.device)
    other = torch.empty_like(order)
    other[order] = order.roll(1)
    return other.to(batch.tokens.device)


def score_of_right_answers(
    logits: Float[Tensor, "b a"], targets: Float[Tensor, "b a"]
) -> Float[Tensor, "b"]:
    """-Σ_a y_a log(1 - σ(x_a)): what keeps the scores of the right answers up, and no others."""
    return (targets * functional.softplus(full_precision(logits))).sum(1)


def rand_img_objective(*, loss: str = "bce", weight: float = 12.0) -> Objective:
    """Answer loss + weight · mean ``score_of_right_answers`` with a random image.

    A partner that asks about the same image does not count.

    Raises:
        UsageError: an unknown option.
    """
    answer_loss = option(ANSWER_LOSSES, loss, "objective.loss")
    within("weight", weight, 0, inf)

    def objective(model: nn.Module, batch: Batch, generator: torch.Generator) -> Step:
        output = model(batch.visual, batch.tokens)
        answer = answer_loss(model, output, batch.targets, batch.bias).mean()
        other = partners(batch, generator)
        differs = batch.image_ids != batch.image_ids[other]
        share, rows = share_of_all(differs), differs.nonzero()[:, 0]
        if len(rows) == 0:
            return Step(
                answer, {"answer_loss": answer.detach(), "random_loss": answer.detach() * 0.0}
            )
        logits = model(batch.visual[other[rows]], batch.tokens[rows]).logits
        losses = score_of_right_answers(logits, batch.targets[rows])
        random = losses.sum() / (len(differs) * share)
        parts = {"answer_loss": answer.detach(), "random_loss": random.detach()}
        return Step(answer + weight * random, parts)

    return objective
