"""One comparison of a rule, measured."""

from collections.abc import Callable
from functools import partial, reduce

import numpy as np
import pandas as pd

from vqax.claims.rules import Comparison, Row
from vqax.claims.sources import QUESTION, NotMeasured, Sources
from vqax.metrics.ties import without_rounding
from vqax.stats.contrast import (
    Contrast,
    correlation,
    either_sign,
    gain_contrast,
    mean_contrast,
    mean_of_both,
    rank_contrast,
    rate_difference,
    separation,
    spread_difference,
    statistic_contrast,
    unpaired_contrast,
)
from vqax.stats.verdict import FEWEST_CLUSTERS

MEAN_RANK = "mean rank"
APART, DIFFERS, BOTH = "mean apart", "difference", "mean of both sets"
STATISTICS: dict[str, Callable[..., Contrast]] = {
    "mean": mean_contrast,
    "gain": gain_contrast,
    "spread": partial(statistic_contrast, spread_difference),
    "correlation": partial(statistic_contrast, correlation),
    "separation": partial(statistic_contrast, separation),
    "rate": partial(statistic_contrast, rate_difference),
    DIFFERS: either_sign,
    BOTH: partial(statistic_contrast, mean_of_both),
}


def measured(comparison: Comparison, sources: Sources, *, samples: int, seed: int) -> Contrast:
    """The contrast over the questions that all sides have, images resampled whole.

    Raises:
        NotMeasured: something it needs is missing, or too few images have it.
    """
    if comparison.statistic == MEAN_RANK:
        return _rank(comparison, sources)
    if comparison.statistic == APART:
        return _apart(comparison, sources, samples, seed)
    aligned = _of_both if comparison.statistic == BOTH else _aligned
    columns, images = aligned(comparison, sources)
    contrast = STATISTICS[comparison.statistic](
        *columns, clusters=images, samples=samples, seed=seed
    )
    if np.isnan([contrast.low, contrast.high]).any():
        raise NotMeasured(("Undefined on these questions:", _names(comparison, sources)))
    return contrast


def _apart(comparison: Comparison, sources: Sources, samples: int, seed: int) -> Contrast:
    """The difference of two means over different questions or images."""
    tables = [table.dropna() for table in _each(comparison, sources)]
    for side, table in zip(comparison.sides, tables, strict=True):
        _enough(table, sources.resolve(side.source))
    first, second = (table[number].to_numpy(np.float64) for number, table in enumerate(tables))
    return unpaired_contrast(first, second, samples=samples, seed=seed)


def _of_both(comparison: Comparison, sources: Sources) -> tuple[list[np.ndarray], np.ndarray]:
    """Sides a, a', b, b': a - b on one data set above a' - b' on another, and which is which."""
    a, other_a, b, other_b = comparison.sides
    pairs = [Comparison("mean", pair) for pair in ((a, b), (other_a, other_b))]
    (first, images), (second, others) = (_aligned(pair, sources) for pair in pairs)
    differences = [without_rounding(left - right, left, right) for left, right in (first, second)]
    of_first = np.repeat([1.0, 0.0], [len(images), len(others)])
    return [np.concatenate(differences), of_first], np.concatenate([images, others])


def _aligned(comparison: Comparison, sources: Sources) -> tuple[list[np.ndarray], np.ndarray]:
    values = _each(comparison, sources)
    table = reduce(lambda left, right: left.merge(right, on=QUESTION), values).dropna()
    _enough(table, _names(comparison, sources))
    columns = [table[number].to_numpy(np.float64) for number in range(len(comparison.sides))]
    return columns, table["image_id"].to_numpy()


def _enough(table: pd.DataFrame, names: str) -> None:
    images = table["image_id"].nunique()
    if images < FEWEST_CLUSTERS:
        cause = f"Fewer than {FEWEST_CLUSTERS} images with a value of"
        raise NotMeasured((cause, f"{names} ({images})"))


def _each(comparison: Comparison, sources: Sources) -> list[pd.DataFrame]:
    """The values of each side in a column of its number; everything missing is told at once."""
    values: list[pd.DataFrame] = []
    missing: list[tuple[str, str]] = []
    for number, side in enumerate(comparison.sides):
        try:
            values.append(sources.column(*side).rename(columns={str(side.column): number}))
        except NotMeasured as error:
            missing += error.missing
    if missing:
        raise NotMeasured(*missing)
    return values


def _rank(comparison: Comparison, sources: Sources) -> Contrast:
    """The two mean ranks of the largest set of systems in which both are."""
    first, second = (_system(side.source, sources) for side in comparison.sides)
    table = sources.ranks
    table = table[table["measure"] == comparison.sides[0].column]
    sets = [part.set_index("run") for _, part in table.groupby("set", sort=False)]
    both = [part for part in sets if {first, second} <= set(part.index)]
    if not both:
        raise NotMeasured(("Not ranked together:", f"{first} and {second}"))
    ranked = max(both, key=len)
    rows = ranked.to_dict("index")
    mine = rows[first]
    return rank_contrast(
        float(mine["mean_rank"]),
        float(rows[second]["mean_rank"]),
        k=int(mine["k"]),
        blocks=int(mine["n_blocks"]),
        cd=float(mine["cd"]),
    )


def _system(source: Row | str, sources: Sources) -> str:
    run = sources.resolve(source)
    return sources.systems.get(run, run)


def _names(comparison: Comparison, sources: Sources) -> str:
    return " and ".join(dict.fromkeys(sources.resolve(side.source) for side in comparison.sides))
