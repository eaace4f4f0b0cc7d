"""Deletion and insertion: take what a map calls important away, or give it back, and look.

Petsiuk, Das and Saenko, RISE (2018), section 4.2. Both curves run over the share of the units that
is hidden (deletion) or shown (insertion), the ones with the highest values first.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from vqax.errors import BadData, UsageError
from vqax.evaluation.units import Score, Units
from vqax.metrics.ties import exact_ties

AT_ONCE = 32
STEPS = 20


def deletion(
    score: Score,
    units: Units,
    maps: Float[Tensor, "b u"],
    *,
    steps: int = STEPS,
    seed: int = 0,
    at_once: int = AT_ONCE,
) -> Float[Tensor, "b p"]:
    """Scores when the k/steps highest units are hidden, k = 0 … steps (p = steps + 1).

    A faithful map makes them fall early: the lower ``area``, the better. Equal values of a map come
    in an order drawn by ``seed``. ``at_once`` inputs are computed together.

    Raises:
        BadData: a map has a NaN.
        UsageError: maps of another number of units, or no step.
    """
    ranks = falling_ranks(units, maps, seed)
    return _curve(score, units, ranks, steps, at_once, deleting=True)


def insertion(
    score: Score,
    units: Units,
    maps: Float[Tensor, "b u"],
    *,
    steps: int = STEPS,
    seed: int = 0,
    at_once: int = AT_ONCE,
) -> Float[Tensor, "b p"]:
    """Scores when only the k/steps highest units are shown: the higher ``area``, the better.

    Arguments and errors as for ``deletion``.
    """
    ranks = falling_ranks(units, maps, seed)
    return _curve(score, units, ranks, steps, at_once, deleting=False)


def area(curve: Float[Tensor, "b p"]) -> Float[Tensor, "b"]:
    """The area under curves over [0, 1], by trapezoids: a mean score."""
    return (curve[:, :-1] + curve[:, 1:]).mean(dim=1) / 2


def falling_ranks(units: Units, maps: Float[Tensor, "b u"], seed: int) -> Int[Tensor, "b u"]:
    """0 for the highest value of each map; units that are not present come last.

    Values that are equal but for rounding are ties, which ``seed`` puts in order.
    """
    if maps.shape != units.present.shape:
        raise UsageError(
            f"maps of shape {tuple(maps.shape)} for {tuple(units.present.shape)} questions and "
            f"{units.name}; give one value for each of the {units.name}"
        )
    if bool(maps.isnan().any()):
        raise BadData("maps: NaN has no rank; look at the explanation it came from")
    source = torch.Generator().manual_seed(seed)
    shuffled = torch.randperm(maps.shape[1], generator=source).to(maps.device)
    tied = torch.from_numpy(exact_ties(maps.cpu().numpy())).to(maps.device)
    values = tied.masked_fill(~units.present, -torch.inf)[:, shuffled]
    order = shuffled[values.argsort(dim=1, descending=True, stable=True)]
    places = torch.arange(maps.shape[1], device=maps.device).expand_as(order)
    return torch.empty_like(order).scatter_(1, order, places)


def _curve(
    score: Score,
    units: Units,
    ranks: Int[Tensor, "b u"],
    steps: int,
    at_once: int,
    *,
    deleting: bool,
) -> Float[Tensor, "b p"]:
    if steps < 1:
        raise UsageError(f"steps: {steps} is less than 1; give at least 1")
    b = len(ranks)
    parts = []
    with torch.no_grad():
        for question, step in _in_chunks(b, steps + 1, at_once, ranks.device):
            # rounded to the nearest whole unit, of each question's own number
            count = (2 * step * units.counts[question] + steps) // (2 * steps)
            first: Bool[Tensor, "n u"] = ranks[question] < count[:, None]
            parts.append(score(units.hidden(question, first if deleting else ~first), question))
    return torch.cat(parts).view(b, steps + 1)


def _in_chunks(
    questions: int, points: int, at_once: int, device: torch.device
) -> Iterator[tuple[Int[Tensor, "n"], Int[Tensor, "n"]]]:
    """Every pair of question and point, ``at_once`` at a time."""
    for some in torch.arange(questions * points, device=device).split(at_once):
        yield some // points, some % points
