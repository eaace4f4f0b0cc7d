"""What happens to an answer when a part of the input is hidden."""

from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Bool, Float, Int
from torch import Tensor

from vqax.explain.answers import of_answer
from vqax.models.options import option
from vqax.models.order import top_answer

SCORES: dict[str, Callable[[Float[Tensor, "b a"]], Float[Tensor, "b a"]]] = {
    "probability": lambda logits: logits.softmax(dim=1),
    "logit": lambda logits: logits,
}
"""How sure of an answer the model is: softmax output, as in Interp, or what it is made from."""


class OcclusionEffect(NamedTuple):
    """Of each part of a question's input: what hiding it takes from the answer explained.

    ``drops`` are score before - score after: positive where the part speaks for the answer.
    ``answers`` are the model's own top answers after, ``predicted`` that before. ``hidden`` is
    false where there is no such part, as in the padding of a question; there the drop is 0.
    """

    drops: Float[Tensor, "b *parts"]
    answers: Int[Tensor, "b *parts"]
    predicted: Int[Tensor, "b"]
    hidden: Bool[Tensor, "b *parts"]

    @property
    def changes(self) -> Bool[Tensor, "b *parts"]:
        """Where the top answer becomes another one."""
        before = self.predicted.reshape(-1, *[1] * (self.answers.dim() - 1))
        return self.hidden & (self.answers != before)

    @property
    def flip_rate(self) -> Float[Tensor, "b"]:
        """Changes / parts in [0, 1], by which Interp predicts failure; NaN without parts."""
        return self.changes.flatten(1).sum(1) / self.hidden.flatten(1).sum(1)


def score_of(
    logits: Float[Tensor, "n a"], answer: Int[Tensor, "n"], score: str
) -> Float[Tensor, "n"]:
    """The score of each row's answer, one of ``SCORES``; UsageError also as ``of_answer``."""
    return of_answer(option(SCORES, score, "score")(logits), answer)


def hide_each(
    logits: Float[Tensor, "b a"],
    answer: Int[Tensor, "b"],
    hidden: Bool[Tensor, "b parts"],
    without: Callable[[Int[Tensor, "n"], Int[Tensor, "n"]], Float[Tensor, "n a"]],
    *,
    score: str,
    at_once: int,
) -> OcclusionEffect:
    """The drops when each of the parts that may be ``hidden`` is.

    ``logits`` are with all parts, ``without(rows, parts)`` those of questions without one part
    each; it is asked for ``at_once`` at a time.

    Raises:
        UsageError: the score is not one of ``SCORES``.
    """
    before, predicted = score_of(logits, answer, score), logits.argmax(1)
    drops, answers = before.new_zeros(hidden.shape), answer.new_zeros(hidden.shape)
    for row, part in zip(*(at.split(at_once) for at in hidden.nonzero(as_tuple=True)), strict=True):
        after = without(row, part)
        drops[row, part] = before[row] - score_of(after, answer[row], score)
        answers[row, part] = top_answer(after, predicted[row])
    return OcclusionEffect(drops, answers, predicted, hidden)
