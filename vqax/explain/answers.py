"""The answer that is explained of each question: there is one, and the model has it."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vqax.errors import UsageError


def check_answers(answer: Int[Tensor, "b"], questions: int) -> None:
    """Raise UsageError unless there is one answer, a whole number, for every question."""
    whole = not answer.is_floating_point() and answer.dtype != torch.bool
    if answer.shape != (questions,) or not whole:
        raise UsageError(
            f"answer: {tuple(answer.shape)} of {answer.dtype} for {questions} questions; "
            "give the index of one answer for every question"
        )


def of_answer(scores: Float[Tensor, "b a"], answer: Int[Tensor, "b"]) -> Float[Tensor, "b"]:
    """The score of each question's answer.

    Raises:
        UsageError: there is not one answer for every question, or it is none of the model's.
    """
    check_answers(answer, len(scores))
    outside = answer[(answer < 0) | (answer >= scores.shape[1])]
    if len(outside):
        raise UsageError(
            f"answer: index {int(outside[0])} is none of the {scores.shape[1]} answers of the "
            f"model; give 0 to {scores.shape[1] - 1}"
        )
    return scores.gather(1, answer[:, None])[:, 0]
