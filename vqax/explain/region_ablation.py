"""What a model answers when regions are taken away from its image (AttReg, section 4.6).

A region is taken away by giving the model the others, as the released code does, not by zeros on
which attention may still fall (``region_occlusion``).
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from vqax.explain.state import left_as_found
from vqax.learning.regions import seeing_only
from vqax.models.options import option
from vqax.models.order import top_answer

SCORES: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "softmax": lambda logits: logits.softmax(-1),
}
"""The scores of the answers: each by itself, as UpDn is trained, or as a distribution."""
AT_ONCE = 256


class Removed(NamedTuple):
    """Answers with all regions, those without each one, and how far the scores moved (TVD)."""

    answers: Int[Tensor, "b"]
    without: Int[Tensor, "b l"]
    change: Float[Tensor, "b l"]


def without_each(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    *,
    scores: str = "sigmoid",
    at_once: int = AT_ONCE,
) -> Removed:
    """Take each region away by itself; ``at_once`` images are computed together.

    Raises:
        UsageError: scores is not one of ``SCORES``.
    """
    b, count, _ = visual.shape
    score_of = option(SCORES, scores, "scores")
    with left_as_found(model), torch.no_grad():
        logits = model(visual, tokens).logits
        before, predicted, answers, change = score_of(logits), logits.argmax(1), [], []
        for some in torch.arange(b * count, device=visual.device).split(at_once):
            row, gone = some // count, some % count
            others = torch.arange(count - 1, device=visual.device).expand(len(some), -1)
            others = others + (others >= gone.unsqueeze(1))
            after = model(visual[row.unsqueeze(1), others], tokens[row]).logits
            answers.append(top_answer(after, predicted[row]))
            change.append((before[row] - score_of(after)).abs().sum(1) / 2)
    found = torch.cat(answers).view(b, count), torch.cat(change).view(b, count)
    return Removed(predicted, *found)


def answers_by_part(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    parts: Int[Tensor, "b l"],
) -> Int[Tensor, "b p"]:
    """The answer for the regions of each part alone; ``parts`` numbers them from 0."""
    number = int(parts.max()) + 1
    answers = torch.zeros(len(visual), number, dtype=torch.long, device=visual.device)
    with left_as_found(model), torch.no_grad():
        for part in range(number):
            seen: Bool[Tensor, "b l"] = parts == part
            for rows, output in seeing_only(model, visual, tokens, seen):
                answers[rows, part] = output.logits.argmax(1)
    return answers
