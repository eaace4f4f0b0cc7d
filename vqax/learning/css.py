"""CSS: counterfactual samples without the critical regions, or the critical words.

Chen et al. 2020, "Counterfactual samples synthesizing". What is left of the image (or question)
is critical enough for the answers that the model gives to the critical part alone; in the
counterfactual sample, which lacks it, these answers are wrong:

    targets' = targets without the five likeliest answers of the positive sample.

The released code takes two optimiser steps a batch, one for each sample; here both losses make
one. Its choice of regions is the option ``visual_order``: they are ordered by gradient as printed,
or, ``hints``, as many are counted by gradient and then the first by hint are taken.
"""

from math import inf

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from vqax.learning.answer_losses import ANSWER_LOSSES, AnswerLoss
from vqax.learning.batches import Batch
from vqax.learning.influence import given_answers, influence, with_slopes
from vqax.learning.key_objects import hints_of
from vqax.learning.objective import Objective, Step, within
from vqax.learning.processes import mean_over
from vqax.learning.regions import seeing_only
from vqax.learning.words import WatchWords
from vqax.models.forward import Forward
from vqax.models.options import known, option
from vqax.models.order import falling, likeliest
from vqax.text.tokens import PAD_INDEX, UNKNOWN_INDEX

Losses = tuple[Float[Tensor, "b"], Bool[Tensor, "b"]]
"""Of every sample, and whether it has a counterfactual."""
SHARPNESS, MASS, SURE = 10.0, 0.65, 5
VISUAL_ORDERS = ("gradient", "hints")


def critical_regions(
    slopes: Float[Tensor, "b l"], hints: Float[Tensor, "b l"], candidates: int, order: str
) -> Bool[Tensor, "b l"]:
    """Of the ``candidates`` regions of the highest hints those with most of the influence.

    As many as softmax(10 · influence), from the largest, add up to at most .65; at least one.
    """
    chosen = hints.sort(dim=1, descending=True, stable=True).indices[:, :candidates]
    of_chosen = slopes.gather(1, chosen)
    place = falling(of_chosen)
    ordered = of_chosen.gather(1, place)
    enough = (SHARPNESS * ordered).softmax(1).cumsum(1) <= MASS
    enough[:, 0] = True
    taken = chosen if order == "hints" else chosen.gather(1, place)
    return torch.zeros_like(hints, dtype=torch.bool).scatter(1, taken, enough)


def critical_words(
    slopes: Float[Tensor, "b t"], content: Bool[Tensor, "b t"], count: int
) -> Bool[Tensor, "b t"]:
    """The ``count`` words of ``content`` with the largest signed slope, fewer where there are."""
    ordered = falling(slopes.masked_fill(~content, -inf))
    return torch.zeros_like(content).scatter(1, ordered[:, :count], True) & content


def content_words(tokens: Int[Tensor, "b t"], type_words: Int[Tensor, "b"]) -> Bool[Tensor, "b t"]:
    """Words that are neither padding, which is in front, nor of the question type after it."""
    start = (tokens == PAD_INDEX).sum(1) + type_words
    return torch.arange(tokens.shape[1], device=tokens.device) >= start.unsqueeze(1)


def type_words_of(batch: Batch) -> Int[Tensor, "b"]:
    """How many words of each question are its type; none where the batch does not say."""
    none = torch.zeros_like(batch.question_ids)
    return none if batch.question_type_words is None else batch.question_type_words


def without_sure_answers(
    targets: Float[Tensor, "b a"], logits: Float[Tensor, "b a"]
) -> Float[Tensor, "b a"]:
    """Targets with 0 for the five answers that the positive sample makes likeliest."""
    return targets.scatter(1, likeliest(logits, SURE), 0.0)


def without_regions(
    model: nn.Module, batch: Batch, critical: Bool[Tensor, "b l"], answer_loss: AnswerLoss
) -> Float[Tensor, "b"]:
    """Losses of the questions about the other regions alone; these are all that is seen."""
    targets, losses = batch.targets.clone(), batch.targets.new_zeros(len(batch.targets))
    with torch.no_grad():
        for rows, output in seeing_only(model, batch.visual, batch.tokens, critical):
            targets[rows] = without_sure_answers(batch.targets[rows], output.logits)
    for rows, output in seeing_only(model, batch.visual, batch.tokens, ~critical):
        bias = None if batch.bias is None else batch.bias[rows]
        found = answer_loss(model, output, targets[rows], bias)
        losses = losses.index_put((rows,), found.to(losses.dtype))
    return losses


def without_words(
    model: nn.Module,
    batch: Batch,
    content: Bool[Tensor, "b t"],
    critical: Bool[Tensor, "b t"],
    answer_loss: AnswerLoss,
) -> Float[Tensor, "b"]:
    """Losses of the questions with the critical words unknown."""
    with torch.no_grad():
        kept = batch.tokens.masked_fill(content & ~critical, UNKNOWN_INDEX)
        targets = without_sure_answers(batch.targets, model(batch.visual, kept).logits)
    lost = batch.tokens.masked_fill(critical, UNKNOWN_INDEX)
    return answer_loss(model, model(batch.visual, lost), targets, batch.bias)


def css_objective(
    *,
    loss: str = "bce",
    weight: float = 1.0,
    questions: int = 5,
    candidates: int = 9,
    words: int = 1,
    visual_order: str = "gradient",
) -> Objective:
    """Answer loss + weight · the loss of the counterfactual samples.

    ``questions`` of ten batches lose words, the others regions. Released: with loss lmh, 30
    epochs of Adamax from the start. A question that is all type has no counterfactual.

    Raises:
        UsageError: an unknown option; when called, a run without key objects.
    """
    answer_loss = option(ANSWER_LOSSES, loss, "objective.loss")
    known(VISUAL_ORDERS, visual_order, "objective.visual_order")
    within("weight", weight, 0, inf)
    within("questions", questions, 0, 10)
    within("candidates", candidates, 1, inf)
    within("words", words, 1, inf)

    def of_regions(model: nn.Module, batch: Batch, output: Forward, _: WatchWords) -> Losses:
        scores = given_answers(output.logits, batch.targets)
        slopes = influence(model, output, scores, retain_graph=False)
        critical = critical_regions(slopes, hints_of(batch, "css"), candidates, visual_order)
        there = torch.ones_like(critical[:, 0])
        return without_regions(model, batch, critical, answer_loss), there

    def of_words(model: nn.Module, batch: Batch, output: Forward, watched: WatchWords) -> Losses:
        slopes = watched.slopes(given_answers(output.logits, batch.targets))
        content = content_words(batch.tokens, type_words_of(batch))
        critical = critical_words(slopes, content, words)
        return without_words(model, batch, content, critical, answer_loss), content.any(1)

    @torch.enable_grad()  # a rehearsal has none
    def objective(model: nn.Module, batch: Batch, generator: torch.Generator) -> Step:
        hints_of(batch, "css")
        draw = torch.randint(10, (), generator=generator, device=generator.device)
        synthesise = of_words if int(draw) < questions else of_regions
        with WatchWords(batch.tokens) as watched:
            output = with_slopes(model, batch)
        answer = answer_loss(model, output, batch.targets, batch.bias).mean()
        counterfactual = mean_over(*synthesise(model, batch, output, watched))
        parts = {"answer_loss": answer.detach(), "counterfactual_loss": counterfactual.detach()}
        return Step(answer + weight * counterfactual, parts)

    return objective
