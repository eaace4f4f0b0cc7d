"""Order of scores in which rounding decides nothing: of equal ones the first stands first.

``topk`` leaves the order of equals to the processor, and sums of the same numbers differ in their
last digits with the shape of the tensor and the width of the processor's registers.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

NEAR = 1e-5
"""Single-precision sums of some hundred numbers agree to five digits."""
AS_HIGH = 1e-6
"""The same logits computed in two batches agree to this share of the largest."""


def likeliest(logits: Float[Tensor, "b a"], count: int) -> Int[Tensor, "b k"]:
    """The ``count`` answers of the highest logits, or all where there are fewer.

    The first of them is ``logits.argmax(1)``.
    """
    return logits.sort(dim=1, descending=True, stable=True).indices[:, :count]


def falling(values: Float[Tensor, "b n"]) -> Int[Tensor, "b n"]:
    """Places by falling value; values within 1e-5 of the next larger one are its equals."""
    ordered, order = values.sort(dim=1, descending=True, stable=True)
    larger, smaller = ordered[:, :-1], ordered[:, 1:]
    below = larger - smaller > NEAR * torch.minimum(larger.abs(), smaller.abs())
    step = torch.cat([below.new_zeros(len(values), 1), below], 1).cumsum(1)
    return torch.empty_like(order).scatter(1, order, step).sort(dim=1, stable=True).indices


def top_answer(logits: Float[Tensor, "n a"], before: Int[Tensor, "n"]) -> Int[Tensor, "n"]:
    """The answer of the highest logit; ``before`` where that one is as high but for rounding.

    So an answer changes only if something does, also where two answers are equally likely.
    """
    highest = logits.max(dim=1)
    kept = logits.gather(1, before[:, None])[:, 0]
    same = highest.values - kept <= AS_HIGH * logits.abs().amax(1)
    return torch.where(same, before, highest.indices)
