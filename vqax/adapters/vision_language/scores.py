"""From the probabilities of an answer's tokens to the logits that are explained."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

LogTokens = Float[Tensor, "b a m"]
Written = Bool[Tensor, "a m"]
Reduce = Callable[[LogTokens, Written], Float[Tensor, "b k"]]


class Scores(NamedTuple):
    """``candidates`` (a,m) are token ids, ``written`` is false behind the end of the shorter ones.

    ``reduce`` makes logits of the log-probabilities of their tokens (b,a,m), which are 0 there;
    ``token`` is the one that it looks at, None for all.
    """

    candidates: Int[Tensor, "a m"]
    written: Bool[Tensor, "a m"]
    reduce: Reduce
    token: int | None = None


def total(log_tokens: LogTokens, written: Written) -> Float[Tensor, "b a"]:  # noqa: ARG001
    """Σ_t log p(token t | image, question, tokens before): softmax shares out among candidates."""
    return log_tokens.sum(dim=2)


def mean(log_tokens: LogTokens, written: Written) -> Float[Tensor, "b a"]:
    """The same divided by the number of tokens, so that long answers are not at a disadvantage."""
    return log_tokens.sum(dim=2) / written.sum(dim=1)


def said(log_tokens: LogTokens, written: Written) -> Float[Tensor, "b 2"]:  # noqa: ARG001
    """Of the only candidate: log p, and log(1 - p) for all else, so that softmax gives p."""
    return against_all_else(log_tokens.sum(dim=2)[:, 0])


def said_at(token: int) -> Reduce:
    """Of one token of the only candidate, given those before it: log p and log(1 - p)."""

    def reduce(log_tokens: LogTokens, written: Written) -> Float[Tensor, "b 2"]:  # noqa: ARG001
        return against_all_else(log_tokens[:, 0, token])

    return reduce


def each(log_tokens: LogTokens, written: Written) -> Float[Tensor, "b m"]:  # noqa: ARG001
    """log p of each token of the only candidate, given those before it."""
    return log_tokens[:, 0]


def against_all_else(log_p: Float[Tensor, "b"]) -> Float[Tensor, "b 2"]:
    """log p and log(1 - p), finite for p = 1 too."""
    below = log_p.clamp(max=-torch.finfo(log_p.dtype).eps)
    return torch.stack([log_p, torch.log(-torch.expm1(below))], dim=1)


def candidates_of(
    tokens: list[list[int]], reduce: Reduce, device: torch.device, token: int | None = None
) -> Scores:
    """Rows of token ids, none empty, as ``Scores``."""
    longest = max(map(len, tokens))
    rows = torch.tensor([row + [0] * (longest - len(row)) for row in tokens], device=device)
    lengths = torch.tensor([len(row) for row in tokens], device=device)
    return Scores(rows, torch.arange(longest, device=device) < lengths[:, None], reduce, token)
