"""SCR: strengthen the influence of a key object, and criticise wrong answers that it moves more.

Wu and Mooney 2019, "Self-critical reasoning". The released code trains the first loss alone
(weight 20, 12 epochs) and then both (1500, 5 epochs), lr 1e-5; Shrestha et al. 2020 take 3 and
1000. Here one objective has both: give ``criticism`` 0 for the first phase. Two things differ from
the released code. It reads the influence on a wrong answer at the box whose *number* is the rank
of the chosen proposal; here it is the proposal itself, as printed. It weighs wrong answers by
1 - cosine to the right one from a file that was not published; here all weigh 1.
"""

from math import inf
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from vqax.learning.answer_losses import ANSWER_LOSSES
from vqax.learning.batches import Batch
from vqax.learning.influence import (
    differentiated_twice,
    given_answers,
    influence,
    with_slopes,
)
from vqax.learning.key_objects import above_the_last, hints_of
from vqax.learning.objective import Objective, Step, within
from vqax.learning.processes import mean_over
from vqax.models.forward import Forward
from vqax.models.options import option
from vqax.models.order import likeliest

MARGIN, NOTHING = 1e-4, 1e-7
EQUAL = 1e-5
"""Two proposals whose losses differ by this share, or by ``NOTHING``, have the same loss."""


class Strengthened(NamedTuple):
    """The loss of each sample, and the region (b) it was found at."""

    losses: Float[Tensor, "b"]
    regions: Int[Tensor, "b"]


def strengthening(
    slopes: Float[Tensor, "b l"],
    hints: Float[Tensor, "b l"],
    key: Bool[Tensor, "b l"],
    proposals: int,
) -> Strengthened:
    """min over the proposals j of Σ_k max(0, 1e-4 - s_jk (e_j - e_k)), s_jk = key_j - key_k.

    The proposals are the regions of the highest hints. A proposal without a loss is passed over
    unless none has any; of equal losses that of the higher hint is taken.
    """
    chosen = hints.sort(dim=1, descending=True, stable=True).indices[:, :proposals]
    gap = slopes.gather(1, chosen).unsqueeze(2) - slopes.unsqueeze(1)
    ahead = key.gather(1, chosen).unsqueeze(2).long() - key.unsqueeze(1).long()
    losses = ((MARGIN - ahead * gap).relu() * ahead.abs()).sum(2)
    some = torch.where(losses > NOTHING, losses, inf)
    least = some.amin(1, keepdim=True)
    place = (some <= least * (1 + EQUAL) + NOTHING).byte().argmax(1, keepdim=True)
    found = torch.where(least.isfinite(), losses.gather(1, place), 0.0)
    return Strengthened(found[:, 0], chosen.gather(1, place)[:, 0])


def criticism_of(
    model: nn.Module,
    output: Forward,
    targets: Float[Tensor, "b a"],
    slopes: Float[Tensor, "b l"],
    regions: Int[Tensor, "b"],
    answers: int,
) -> tuple[Float[Tensor, "b k"], Bool[Tensor, "b k"]]:
    """max(0, p_a - p_right) (e_a - e_given) at the region, for the ``answers`` likeliest answers.

    And which of them are likelier than the right one: the mean is over these. p is computed once
    for all answers, so that the right one is not likelier than itself by rounding.
    """
    p, right = output.logits.sigmoid(), targets.argmax(1, keepdim=True)
    top = likeliest(output.logits, answers)
    ahead = p.gather(1, top) - p.gather(1, right)
    here, scores = regions.unsqueeze(1), output.logits.gather(1, top).unbind(1)
    moved = [influence(model, output, score).gather(1, here) for score in scores]
    return ahead.relu() * (torch.cat(moved, 1) - slopes.gather(1, here)), ahead > 0


def scr_objective(
    *,
    loss: str = "bce",
    weight: float = 20.0,
    criticism: float = 1500.0,
    proposals: int = 5,
    answers: int = 4,
) -> Objective:
    """Answer loss + weight · strengthening + criticism · self-critical loss.

    Key objects are the regions above the (``proposals`` + 1)-th hint, by the released threshold.

    Raises:
        UsageError: an unknown option; when called, a run without key objects, or a model without
            second derivatives.
    """
    answer_loss = option(ANSWER_LOSSES, loss, "objective.loss")
    for name, value in (("weight", weight), ("criticism", criticism)):
        within(name, value, 0, inf)
    within("proposals", proposals, 1, inf)
    within("answers", answers, 1, inf)

    def objective(model: nn.Module, batch: Batch, generator: torch.Generator) -> Step:  # noqa: ARG001
        hints = hints_of(batch, "scr")
        output = with_slopes(model, batch)
        answer = answer_loss(model, output, batch.targets, batch.bias).mean()
        slopes = influence(model, output, given_answers(output.logits, batch.targets))
        key = above_the_last(hints, proposals + 1)
        losses, regions = strengthening(slopes, hints, key, proposals)
        stronger = mean_over(losses, losses > NOTHING)
        total, parts = answer + weight * stronger, {"strengthening_loss": stronger.detach()}
        if criticism:
            wrong, likelier = criticism_of(model, output, batch.targets, slopes, regions, answers)
            critical = mean_over(wrong * key.gather(1, regions[:, None]), likelier)
            total, parts["critical_loss"] = total + criticism * critical, critical.detach()
        return Step(total, {"answer_loss": answer.detach(), **parts})

    return differentiated_twice("scr", objective)
