"""One comparison of a rule, measured: over the trainings and the images of all its sides."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Shaped

from vqax.claims.rules import Comparison, Row
from vqax.claims.sources import NotMeasured, Sources
from vqax.errors import BadData
from vqax.stats.contrast import (
    Contrast,
    correlation,
    rank_contrast,
    rate_difference,
    separation,
)
from vqax.stats.difference import MethodDifference, Term, weighted_difference
from vqax.stats.image_variance import Side, mean_side, sides_of
from vqax.stats.seed_variance import FEWEST_SEEDS, SeedVariance, pooled_seed_variance
from vqax.stats.verdict import FEWEST_CLUSTERS
from vqax.stats.words import enough_seeds

MEAN_RANK = "mean rank"
APART, DIFFERS, BOTH = "mean apart", "difference", "mean of both sets"
FEWEST_BLOCKS = 8
ROUNDING = 1e-12
RESAMPLES = 200
"""Enough for a variance (Efron and Tibshirani 1993, section 6.4); a mean needs none."""

Weights = tuple[tuple[int, float], ...]
GROUPS: dict[str, tuple[Weights, ...]] = {
    "mean": (((0, 1.0), (1, -1.0)),),
    DIFFERS: (((0, 1.0), (1, -1.0)),),
    "spread": (((0, 1.0), (1, -1.0)),),
    "gain": (((0, 1.0), (1, -1.0), (2, -1.0), (3, 1.0)),),
    BOTH: (((0, 0.5), (2, -0.5)), ((1, 0.5), (3, -0.5))),
    APART: (((0, 1.0),), ((1, -1.0),)),
}
"""Statistic -> groups of sides that are compared on the same questions: (number, weight)."""

OF_ONE_SOURCE: dict[str, Callable[..., float]] = {
    "correlation": correlation,
    "separation": separation,
    "rate": rate_difference,
}
"""Statistics of several columns of one source."""


def variance_over_questions(values: Float[np.ndarray, "n"]) -> float:
    return float(values.var())


class Piece(NamedTuple):
    """``weight`` · statistic of the columns of a source; without a statistic, their mean."""

    source: str
    columns: tuple[str, ...]
    weight: float
    statistic: Callable[..., float] | None = None


@dataclass(frozen=True)
class Finding:
    """What a comparison came to; ``contrast`` is above 0 where it is as claimed.

    ``enough`` says whether there are trainings enough for a word. ``seed_sd`` is how far
    trainings differ, ``detectable`` the difference found with 80 % power.
    """

    contrast: Contrast
    seeds_a: int
    seeds_b: int
    enough: bool
    seed_sd: float = float("nan")
    df: float = float("nan")
    detectable: float = float("nan")


def measured(
    comparison: Comparison,
    sources: Sources,
    *,
    seed: int,
    trainings: int | None = None,
) -> Finding:
    """The contrast over the questions that all sides have, and over their trainings.

    ``trainings`` is how many of each side count, so that sides are compared alike; none: all.

    Raises:
        NotMeasured: something it needs is missing, or too few images have it.
    """
    if comparison.statistic == MEAN_RANK:
        return _rank(comparison, sources)
    groups, constant = _pieces(comparison, sources)
    tables = [_aligned(group, sources, trainings) for group in groups]
    sides, images = _sides(groups, tables, seed)
    every = [piece for group in groups for piece in group]
    difference = weighted_difference(
        list(_terms(every, sides, sources, tables)),
        constant=constant + comparison.margin,
        images=images,
    )
    questions = sum(len(table) for table in tables)
    return _finding(difference, comparison, questions)


def _finding(difference: MethodDifference, comparison: Comparison, questions: int) -> Finding:
    low, high = difference.low, difference.high
    value = difference.estimate
    if comparison.statistic == DIFFERS and value < 0:
        value, low, high = -value, -high, -low
    return Finding(
        Contrast(value, low, high, questions, difference.p),
        difference.seeds_a,
        difference.seeds_b,
        enough_seeds(difference),
        difference.seed_sd,
        difference.df,
        difference.detectable,
    )


def _pieces(comparison: Comparison, sources: Sources) -> tuple[list[list[Piece]], float]:
    """What is measured, in groups on the same questions, and what limits add to it."""
    name = comparison.statistic
    if name in OF_ONE_SOURCE:
        columns = tuple(str(side.column) for side in comparison.sides)
        source = _resolved([comparison.sides[0].source], sources)[0]
        return [[Piece(source, columns, 1.0, OF_ONE_SOURCE[name])]], 0.0
    statistic = variance_over_questions if name == "spread" else None
    names = _resolved([side.source for side in comparison.sides], sources)
    constant = 0.0
    groups: list[list[Piece]] = []
    for weights in GROUPS[name]:
        groups.append([])
        for number, weight in weights:
            column = comparison.sides[number].column
            if isinstance(column, float):
                constant += weight * column
            else:
                groups[-1].append(Piece(names[number], (column,), weight, statistic))
    return groups, constant


def _resolved(names: Sequence[Row | str], sources: Sources) -> list[str]:
    """The name of each source; everything missing is told at once."""
    resolved: list[str] = []
    missing: list[tuple[str, str]] = []
    for name in names:
        try:
            resolved.append(sources.resolve(name))
        except NotMeasured as error:
            missing += error.missing
    if missing:
        raise NotMeasured(*missing)
    return resolved


def _aligned(group: Sequence[Piece], sources: Sources, trainings: int | None) -> pd.DataFrame:
    """A row per question that all have; columns (piece, column of it, training)."""
    parts: dict[tuple[int, int], pd.DataFrame] = {}
    missing: list[tuple[str, str]] = []
    for number, piece in enumerate(group):
        for place, column in enumerate(piece.columns):
            try:
                parts[number, place] = sources.column(piece.source, column)
            except NotMeasured as error:
                missing += error.missing
    if missing:
        raise NotMeasured(*missing)
    first = {key: part.iloc[:, :trainings] for key, part in parts.items()}
    table = pd.concat(first, axis=1, join="inner").dropna()
    images = table.index.get_level_values("image_id").nunique()
    if images < FEWEST_CLUSTERS:
        names = " and ".join(dict.fromkeys(piece.source for piece in group))
        cause = f"Fewer than {FEWEST_CLUSTERS} images with a value of"
        raise NotMeasured((cause, f"{names} ({images})"))
    return table


def _values(table: pd.DataFrame, number: int, piece: Piece) -> Float[np.ndarray, "k s n"]:
    places = range(len(piece.columns))
    return np.stack([table[number, place].to_numpy(np.float64).T for place in places])


def _sides(
    groups: Sequence[Sequence[Piece]], tables: Sequence[pd.DataFrame], seed: int
) -> tuple[list[Side], int]:
    """The side of each piece, with effects of the same images, and how many images there are."""
    images = [table.index.get_level_values("image_id").to_numpy() for table in tables]
    if len(groups) > 1 and all(len(group) == 1 for group in groups):  # each draws its own images
        images = [np.array([f"{n} {one}" for one in own]) for n, own in enumerate(images)]
    every = np.unique(np.concatenate(images))
    sides: list[Side] = []
    for group, table, own in zip(groups, tables, images, strict=True):
        arrays = [_values(table, number, piece) for number, piece in enumerate(group)]
        statistic = group[0].statistic
        if statistic is None:
            sides += [_on(mean_side(values[0], own), np.unique(own), every) for values in arrays]
        else:
            sides += _resampled(statistic, arrays, own, group, seed)
    return sides, len(every)


def _on(side: Side, own: Shaped[np.ndarray, "m"], every: Shaped[np.ndarray, "n"]) -> Side:
    """The effects of a side on all images; one that it has no question about has none.

    Effects that are rounding are none, so that values that are all equal have no width.
    """
    effects = np.zeros((len(every), side.effects.shape[1]))
    effects[np.searchsorted(every, own)] = side.effects
    effects[np.abs(effects) <= ROUNDING * np.abs(side.values).max()] = 0.0
    return Side(side.values, effects)


def _resampled(
    statistic: Callable[..., float],
    arrays: Sequence[Float[np.ndarray, "k _ n"]],
    images: Shaped[np.ndarray, "n"],
    group: Sequence[Piece],
    seed: int,
) -> list[Side]:
    try:
        found = sides_of(statistic, arrays, images, samples=RESAMPLES, seed=seed)
    except BadData:
        found = []
    if not found or any(np.isnan(side.values).any() for side in found):
        names = " and ".join(dict.fromkeys(piece.source for piece in group))
        raise NotMeasured(("Undefined on these questions:", names))
    return found


def _terms(
    pieces: Sequence[Piece],
    sides: Sequence[Side],
    sources: Sources,
    tables: Sequence[pd.DataFrame],
) -> Iterator[Term]:
    """One term a run: what is measured of one training varies together."""
    runs = [_run_of(piece, side, sources) for piece, side in zip(pieces, sides, strict=True)]
    for run in dict.fromkeys(runs):
        own = [
            (piece, side)
            for piece, side, other in zip(pieces, sides, runs, strict=True)
            if other == run
        ]
        sign = float(np.sign(own[0][0].weight))
        weights = [sign * piece.weight for piece, _ in own]
        side = Side(
            np.tensordot(weights, [one.values for _, one in own], axes=1),
            np.tensordot(weights, [one.effects for _, one in own], axes=1),
        )
        yield Term(side, sign, *_seeds([piece for piece, _ in own], side, sources, tables))


def _run_of(piece: Piece, side: Side, sources: Sources) -> tuple[str, int]:
    """What was trained: several sources may be of the same trainings."""
    return sources.run_of(piece.source), len(side.values)


def _seeds(
    pieces: Sequence[Piece], side: Side, sources: Sources, tables: Sequence[pd.DataFrame]
) -> tuple[SeedVariance | None, str]:
    """How far the trainings of a run differ in ``pieces``, and the name of what shares that."""
    names = list(dict.fromkeys(piece.source for piece in pieces))
    if not sources.trainings(names[0]):
        return None, ""
    if len(names) > 1:
        return pooled_seed_variance([side.values]), " ".join(names)
    sign = np.sign(pieces[0].weight)
    parts = tuple(piece._replace(source="", weight=sign * piece.weight) for piece in pieces)
    family = sources.families.get(names[0], names[0])
    return _pooled(names[0], parts, sources, tables), f"{family} {parts}"


def _pooled(
    name: str, parts: Sequence[Piece], sources: Sources, tables: Sequence[pd.DataFrame]
) -> SeedVariance:
    """s² of what ``parts`` measure, over all trainings of the family on the questions compared."""
    questions = tables[0].index
    for table in tables[1:]:
        questions = questions.union(table.index)
    values = [_by_training(one, parts, sources, questions) for one in sources.family(name)]
    return pooled_seed_variance([one for one in values if one is not None])


def _by_training(
    name: str, parts: Sequence[Piece], sources: Sources, questions: pd.Index
) -> Float[np.ndarray, "_"] | None:
    """The measured number of each training of a source; None where it lacks a column."""
    measured_parts = []
    for piece in parts:
        try:
            columns = [sources.column(name, column) for column in piece.columns]
        except NotMeasured:
            return None
        kept = [table[table.index.isin(questions)] for table in columns]
        measured_parts.append(piece.weight * _statistic_by_training(kept, piece.statistic))
    total = np.sum(measured_parts, axis=0)
    return None if np.isnan(total).any() else total


def _statistic_by_training(
    columns: Sequence[pd.DataFrame], statistic: Callable[..., float] | None
) -> Float[np.ndarray, "_"]:
    if statistic is None:
        return columns[0].mean().to_numpy(np.float64)
    found = []
    for number in range(columns[0].shape[1]):
        valid = pd.concat([table.iloc[:, number] for table in columns], axis=1).dropna()
        found.append(statistic(*valid.to_numpy(np.float64).T) if len(valid) else np.nan)
    return np.array(found, dtype=np.float64)


def _rank(comparison: Comparison, sources: Sources) -> Finding:
    """The two mean ranks of the largest set of systems in which both are.

    Raises:
        NotMeasured: they are not ranked together, or Nemenyi's test could not decide: there are
            few blocks, or no two ranks can lie as far apart as the critical difference.
    """
    names = _resolved([side.source for side in comparison.sides], sources)
    first, second = (sources.systems.get(name, name) for name in names)
    table = sources.ranks
    table = table[table["measure"] == comparison.sides[0].column]
    sets = [part.set_index("run") for _, part in table.groupby("set", sort=False)]
    both = [part for part in sets if {first, second} <= set(part.index)]
    if not both:
        raise NotMeasured(("Not ranked together:", f"{first} and {second}"))
    rows = max(both, key=len).to_dict("index")
    mine = rows[first]
    k, blocks, cd = int(mine["k"]), int(mine["n_blocks"]), float(mine["cd"])
    _refuse_undecidable(k, blocks, cd)
    contrast = rank_contrast(
        float(mine["mean_rank"]), float(rows[second]["mean_rank"]), k=k, blocks=blocks, cd=cd
    )
    seeds = [sources.trainings(name) for name in names]
    enough = all(not one or one >= FEWEST_SEEDS for one in seeds)
    return Finding(contrast, seeds[0], seeds[1], enough)


def _refuse_undecidable(k: int, blocks: int, cd: float) -> None:
    if cd > k - 1:
        raise NotMeasured(
            (
                f"No two of {k} mean ranks can lie further apart than {k - 1}, and the critical "
                f"difference of {blocks} blocks is",
                f"{cd:.2f}",
            )
        )
    if blocks < FEWEST_BLOCKS:
        raise NotMeasured(
            (f"Nemenyi's test needs {FEWEST_BLOCKS} blocks, and there are", f"{blocks}")
        )
