"""Sides of one claim are trained equally often: "best of all" compares like with like."""

from vqax.claims.rules import Comparison, Rule
from vqax.claims.sources import NotMeasured, Sources
from vqax.stats.seed_variance import FEWEST_SEEDS


def replication(rule: Rule, sources: Sources) -> int | None:
    """How many trainings of each side of a claim count: those of the least repeated one.

    Systems that count only if they are measured lower it only down to what a verdict needs. None:
    nothing in the claim is trained.
    """
    every = (*rule.comparisons, *rule.other_reading)
    required = _trainings([one for one in every if one.role == "required"], sources)
    others = _trainings([one for one in every if one.role == "if measured"], sources)
    least = min(required, default=None)
    needed = FEWEST_SEEDS if least is None else min(least, FEWEST_SEEDS)
    kept = [one for one in others if one >= needed] or ([] if required else others)
    return min([*required, *kept], default=None)


def counted(comparison: Comparison, sources: Sources, trainings: int | None) -> None:
    """Raises NotMeasured where a side is trained less often than the others of its claim."""
    for side in comparison.sides:
        name = sources.resolve(side.source)
        if 0 < sources.trainings(name) < (trainings or 0):
            raise NotMeasured((f"Fewer than {trainings} trainings of", sources.label(side.source)))


def _trainings(comparisons: list[Comparison], sources: Sources) -> list[int]:
    """How often each trained side was; sides that are not there count nowhere."""
    found = []
    for side in (side for one in comparisons for side in one.sides):
        try:
            found.append(sources.trainings(side.source))
        except NotMeasured:
            continue
    return [one for one in found if one]
