"""Random subsets of units: what hiding each does to the answer, and what a map says it does."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vqax.errors import UsageError
from vqax.evaluation.curves import AT_ONCE
from vqax.evaluation.units import Score, Units
from vqax.metrics.ties import SINGLE


class Subsets(NamedTuple):
    """``number`` subsets of each question, with a ``share`` of its units, at least one."""

    share: float = 0.2
    number: int = 100
    seed: int = 0

    def of(self, units: Units, question: int) -> Bool[Tensor, "s u"]:
        """Those of one question, the same whenever they are asked for.

        Raises:
            UsageError: a share outside of 0 to 1, or fewer than two subsets.
        """
        if not 0 < self.share <= 1 or self.number < 2:
            raise UsageError(
                f"{self.number} subsets with a share of {self.share}: give at least 2 subsets and "
                "a share above 0, up to 1"
            )
        present = units.present[question].cpu()
        source = torch.Generator().manual_seed(self.seed * 1_000_003 + question)
        drawn = torch.rand(self.number, len(present), generator=source)
        drawn = drawn.masked_fill(~present, torch.inf)
        size = max(1, round(self.share * int(present.sum())))
        chosen = torch.zeros_like(drawn, dtype=torch.bool)
        chosen.scatter_(1, drawn.topk(size, largest=False).indices, True)
        return (chosen & present).to(units.present.device)


def effects(
    score: Score, units: Units, subsets: Subsets, *, at_once: int = AT_ONCE
) -> Float[Tensor, "b s"]:
    """Δ_S = f(x) - f(x without S) of each subset S: positive where S speaks for the answer."""
    rows = []
    with torch.no_grad():
        for question, hidden in _each(units, subsets):
            every = torch.cat([torch.zeros_like(hidden[:1]), hidden])  # first with nothing hidden
            scores = torch.cat([_scored(score, units, question, p) for p in every.split(at_once)])
            rows.append(_difference(scores[0], scores[1:]))
    return torch.stack(rows)


def _difference(before: Float[Tensor, ""], after: Float[Tensor, "s"]) -> Float[Tensor, "s"]:
    """Exactly 0 where it is no more than the rounding of the scores."""
    difference = before - after
    nothing = difference.abs() <= SINGLE * torch.maximum(before.abs(), after.abs())
    return difference.masked_fill(nothing, 0)


def _scored(
    score: Score, units: Units, question: int, hidden: Bool[Tensor, "n u"]
) -> Float[Tensor, "n"]:
    number = torch.full((len(hidden),), question, device=hidden.device)
    return score(units.hidden(number, hidden), number)


def attributed(
    units: Units, maps: Float[Tensor, "*m b u"], subsets: Subsets
) -> Float[Tensor, "*m b s"]:
    """Σ_{i ∈ S} φ_i, what each map φ attributes to each subset; maps of several methods at once."""
    return torch.stack(
        [
            maps[..., question, :] @ hidden.to(maps.dtype).T
            for question, hidden in _each(units, subsets)
        ],
        dim=-2,
    )


def _each(units: Units, subsets: Subsets) -> Iterator[tuple[int, Bool[Tensor, "s u"]]]:
    for question in range(len(units.present)):
        yield question, subsets.of(units, question)
