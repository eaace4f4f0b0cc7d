"""The papers' claims as rows a reader can take in: what is said, what we found, the verdict."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from vqax.report.captions import Captions
from vqax.report.labels import label_of
from vqax.report.numbers import number
from vqax.report.tables import require
from vqax.stats.verdict import VERDICTS

CLAIM_COLUMNS = [
    *["paper", "claim_id", "claim", "tested_by", "direction", "kind", "comparison"],
    *["difference", "ci_low", "ci_high", "n", "seeds", "held", "compared", "verdict"],
    *["reported_status", "reason"],
    *["deciding", "metric", "statistic", "p", "p_holm", "reported_evidence"],
]
OVER_TRAININGS = [
    *["data", "sentence", "verdict_alone", "seeds_a", "seeds_b", "seed_sd", "df", "detectable"],
    *["family", "family_size", "all_claims"],
]
"""What a claim says of its trainings, beside ``CLAIM_COLUMNS``."""
COMPARISON_COLUMNS = [
    *["claim_id", "comparison", "metric", "statistic", "difference", "ci_low", "ci_high"],
    *["n", "p", "seeds", "outcome", "counted", "data", "seeds_a", "seeds_b", "seed_sd", "df"],
    "detectable",
]
FAMILY = ("family_size", "all_claims")
NUMBERS = ("difference", "ci_low", "ci_high")
MOST_ZEROS = 5
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
ON_A_METRIC_SCALE = ("mean", "mean of both sets", "mean apart", "difference", "gain")
"""Statistics in the unit of their metric; the others have one of their own."""

EVIDENCE = {
    "supported": "its numbers agree",
    "figure_only": "a figure without numbers",
    "text_number_only": "a number in the text",
    "visual_only": "examples shown",
    "cited_only": "another paper",
}
CAVEATS = (
    "A claim is supported if the 95 % interval of every comparison lies on the claimed side, and "
    "contradicted if one lies wholly on the other. Intervals are over trainings and test images; "
    "with fewer than 3 trainings a side, or 6 degrees of freedom between trainings, a claim is "
    "undecided.",
    "Verdicts are corrected by Holm's method over the claims of a paper. A claim of many steps is "
    "more easily contradicted by chance than one of a single step, up to 2.5 % for each step; p "
    "allows for the steps, and p (Holm) for the number of claims as well.",
)


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One claim as text."""

    claim_id: str
    claim: str
    ours: str
    published: str
    verdict: str
    p: str
    note: str


def claim_rows(claims: pd.DataFrame, captions: Captions) -> list[ClaimRow]:
    """One row per claim, in their order.

    Raises:
        BadData: a column of ``CLAIM_COLUMNS`` is missing.
    """
    require(claims, CLAIM_COLUMNS, "claims")
    return [
        ClaimRow(
            claim_id=claim["claim_id"],
            claim=claim["claim"],
            ours=ours(claim),
            published=published(claim, captions),
            verdict=claim["verdict"],
            p=f"{_p(claim['p'])} ({_p(claim['p_holm'])})" if claim["compared"] else "–",
            note=captions.cited(_note(claim)),
        )
        for claim in claims.to_dict("records")
    ]


def summary(claims: pd.DataFrame) -> str:
    """How many claims got each verdict, and the family that they were corrected in."""
    require(claims, CLAIM_COLUMNS, "claims")
    counts = claims["verdict"].value_counts()
    parts = [f"{int(counts.get(verdict, 0))} {verdict}" for verdict in VERDICTS]
    text = f"Of {len(claims)} claims: {', '.join(parts)}."
    if not len(claims) or not set(FAMILY) <= set(claims.columns):
        return text
    family, every = (int(claims[key].max()) for key in FAMILY)
    more = f"; {every} were tested over all papers" if every > family else ""
    return (
        f"{text} Corrected by Holm's method over the {family} claims of the paper that were "
        f"tested{more}."
    )


def ours(claim: Mapping[Any, Any]) -> str:
    """The finding: the only comparison, or how many held and the least supported of them."""
    if not claim["compared"]:
        return "–"
    found = f"{claim['deciding']}: {_amount(claim)}"
    if claim["compared"] == 1:
        return found
    return (
        f"{int(claim['held'])} of {int(claim['compared'])} comparisons as claimed; "
        f"least supported: {found}"
    )


def published(claim: Mapping[Any, Any], captions: Captions) -> str:
    """What the paper has for it, and where."""
    status = str(claim["reported_status"])
    words = EVIDENCE.get(status, status)
    evidence = f"{words}: {claim['reported_evidence']}" if claim["reported_evidence"] else words
    return f"{evidence} ({captions.cited(str(claim['tested_by']))})"


def _amount(claim: Mapping[Any, Any]) -> str:
    label = label_of(str(claim["metric"]))
    shown = claim["statistic"] in ON_A_METRIC_SCALE
    scale, digits = (label.scale, label.digits) if shown else (1.0, 3)
    found = _interval([scale * float(claim[key]) for key in NUMBERS], digits)
    unit = f" {label.shown_in}" if shown and label.shown_in else ""
    counted = "blocks" if claim["statistic"] == "mean rank" else "n"
    return f"{found}{unit}, {counted} {int(claim['n']):,}{_seeds(claim)}"


def _interval(values: list[float], digits: int) -> str:
    """``+0.012 [0.003, 0.021]``; small numbers keep two digits, tiny ones get a power of ten."""
    largest = max(map(abs, values))
    exponent = math.floor(math.log10(largest)) if largest else 0
    if exponent < -MOST_ZEROS:
        power = str(exponent).translate(SUPERSCRIPT)
        return f"({_interval([value / 10.0**exponent for value in values], 2)})·10{power}"
    digits = max(digits, 1 - exponent)
    low, high = (number(value, digits) for value in values[1:])
    return f"{number(values[0], digits, sign=True)} [{low}, {high}]"


def _seeds(claim: Mapping[Any, Any]) -> str:
    seeds = claim["seeds"]
    if pd.isna(seeds):
        return ""
    return f", {int(seeds)} {'seed' if int(seeds) == 1 else 'seeds'}"


def _note(claim: Mapping[Any, Any]) -> str:
    """What may be said of the claim, and why; one that is not tested has its reason alone."""
    parts = (claim.get("sentence", ""), claim["reason"])
    return (
        str(claim["reason"]) if claim["verdict"] == VERDICTS[-1] else " ".join(filter(None, parts))
    )


def _p(p: float) -> str:
    if not math.isfinite(p):
        return "–"
    return "< .001" if p < 0.001 else number(p, 3)
