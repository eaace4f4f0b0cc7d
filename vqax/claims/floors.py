"""Does a system beat what answers, or points, without looking at the image?

A claim about systems that do not is not testable: their difference is one of ignorance.
"""

from collections.abc import Sequence

from vqax.claims.measure import APART, BOTH, DIFFERS, Finding, measured
from vqax.claims.rules import Comparison, Row, Side
from vqax.claims.sources import NotMeasured, Sources
from vqax.metrics import METRICS
from vqax.stats.verdict import outcome

OF_LEVELS = ("mean", "gain", BOTH, DIFFERS, APART)
"""Statistics that compare levels; the floor of a correlation is another one."""


def below_floor(comparisons: Sequence[Comparison], sources: Sources, *, seed: int) -> str:
    """Which systems of the comparisons do not beat which floor; "" where all do."""
    low: dict[str, None] = {}
    for side in _levels(comparisons):
        try:
            name = sources.resolve(side.source)
        except NotMeasured:
            continue
        for floor in sources.floors.get(name, ()):
            finding = above_floor(name, floor, str(side.column), sources, seed=seed)
            if finding is not None and outcome(finding.contrast) != "supported":
                low[f"{sources.label(side.source)} does not beat {sources.label(floor)}"] = None
    if not low:
        return ""
    return f"Below a floor: {'; '.join(low)}."


def above_floor(
    name: Row | str, floor: str, column: str, sources: Sources, *, seed: int
) -> Finding | None:
    """By how much a system is better than a floor; None where the floor has no such column."""
    sides = (Side(name, column), Side(floor, column))
    if _direction(column) == "lower":
        sides = sides[::-1]
    try:
        return measured(Comparison("mean", sides), sources, seed=seed)
    except NotMeasured:
        return None


def _direction(column: str) -> str:
    known = [name for name in METRICS if column.endswith(name)]
    return METRICS[max(known, key=len)].direction if known else "higher"


def _levels(comparisons: Sequence[Comparison]) -> list[Side]:
    sides = (
        side
        for one in comparisons
        if one.statistic in OF_LEVELS
        for side in one.sides
        if isinstance(side.column, str)
    )
    return list(dict.fromkeys(sides))
