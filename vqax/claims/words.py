"""The sentence of a claim: its verdict and the data that it is about, or why there is none."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from vqax.claims.rules import Comparison
from vqax.claims.sources import NotMeasured, Sources
from vqax.stats.seed_variance import FEWEST_DF, FEWEST_SEEDS
from vqax.stats.verdict import Verdict

UNDECIDED: Verdict = "undecided"


def data_of(comparisons: Sequence[Comparison], sources: Sources) -> str:
    """The data sets that the comparisons are about."""
    names: dict[str, None] = {}
    for side in (side for one in comparisons for side in one.sides):
        try:
            name = sources.resolve(side.source)
        except NotMeasured:
            continue
        if name in sources.data:
            names[sources.data[name]] = None
    return ", ".join(names)


def sentence(claim: Mapping[Hashable, Any]) -> str:
    """One sentence: what may be said of a claim; its ``reason`` says more."""
    verdict, data = claim["verdict"], claim["data"] or "these data"
    if verdict == "not testable here":
        return f"Not testable here: {claim['reason']}"
    if verdict == UNDECIDED:
        return _trainings_alone(claim)
    text = f"{verdict[0].upper()}{verdict[1:]} on {data}"
    if verdict != "inconclusive":
        return f"{text}."
    if claim["verdict_alone"] != verdict:
        text += f" after Holm's correction for {claim['family_size']} claims"
    if pd.notna(claim["detectable"]):
        text += f"; a difference of {claim['detectable']:.3g} would have been found with 80 % power"
    return f"{text}."


def _trainings_alone(claim: Mapping[Hashable, Any]) -> str:
    """What these trainings scored, and that it does not tell the methods apart."""
    seeds = int(claim["seeds"]) if pd.notna(claim["seeds"]) else 0
    these = "one training each" if seeds == 1 else f"{seeds} trainings each"
    known = pd.notna(claim["seed_sd"]) and claim["seed_sd"] > 0
    spread = (
        f"trainings differ by {claim['seed_sd']:.3g} (standard deviation)"
        if known
        else "how far trainings differ is not known from one of each"
    )
    return (
        f"On {claim['data'] or 'these data'} {claim['deciding']} by {claim['difference']:.3g} in "
        f"{these}; {spread}, so this does not tell the methods apart: that takes {FEWEST_SEEDS} "
        f"trainings a side and {FEWEST_DF} degrees of freedom between trainings."
    )
