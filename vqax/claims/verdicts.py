"""Claims judged by their rules: a verdict for each, and every comparison that led to it."""

from collections.abc import Hashable, Mapping
from typing import NamedTuple

import pandas as pd

from vqax.claims.measure import measured as contrast_of
from vqax.claims.rules import Comparison, Rule, describe
from vqax.claims.sources import NotMeasured, Sources, sentences
from vqax.report.claims import CLAIM_COLUMNS, COMPARISON_COLUMNS
from vqax.stats.contrast import Contrast
from vqax.stats.verdict import Verdict, holm, judge, outcome

TALLY: dict[Verdict, str] = {
    "supported": "supported",
    "contradicted": "contradicted",
    "inconclusive": "inconclusive",
}


class Claims(NamedTuple):
    """A row per claim, and a row per comparison that was measured for one."""

    claims: pd.DataFrame
    comparisons: pd.DataFrame


class Tested(NamedTuple):
    """A comparison with its result, or why there is none."""

    comparison: Comparison
    contrast: Contrast | None
    missing: NotMeasured | None


def judged(
    published: pd.DataFrame,
    rules: Mapping[str, Rule],
    sources: Sources,
    *,
    samples: int,
    seed: int,
) -> Claims:
    """Verdicts on the claims of ``published`` that ``rules`` knows by their ``claim_id``."""
    found, details = [], []
    for claim in published.to_dict("records"):
        rule = rules[claim["claim_id"]]
        tested = [_test(one, sources, samples, seed) for one in rule.comparisons]
        found.append(_claim_row(claim, rule, tested, sources))
        details += [
            _detail_row(claim["claim_id"], one, sources)
            for one in tested
            if one.contrast is not None
        ]
    table = pd.DataFrame(found)
    table["p_holm"] = holm(table["p"].to_numpy(float))
    return Claims(
        table[CLAIM_COLUMNS].astype({"n": "Int64", "seeds": "Int64"}),
        pd.DataFrame(details, columns=COMPARISON_COLUMNS),
    )


def _test(comparison: Comparison, sources: Sources, samples: int, seed: int) -> Tested:
    try:
        return Tested(
            comparison, contrast_of(comparison, sources, samples=samples, seed=seed), None
        )
    except NotMeasured as missing:
        return Tested(comparison, None, missing)


def _claim_row(
    claim: Mapping[Hashable, str], rule: Rule, tested: list[Tested], sources: Sources
) -> dict[str, object]:
    counted = [one for one in tested if one.comparison.role != "beside"]
    usable = [one for one in counted if one.contrast is not None]
    if any(one.missing and one.comparison.role == "required" for one in counted):
        usable = []
    judgement = judge([one.contrast for one in usable if one.contrast is not None])
    deciding = None if judgement.deciding is None else usable[judgement.deciding]
    return {
        **{key: claim[key] for key in ("paper", "claim_id", "claim", "tested_by", "direction")},
        "kind": claim["kind"],
        "comparison": "; ".join(_words(one, sources) for one in usable or counted),
        "deciding": "" if deciding is None else _words(deciding, sources),
        **_numbers(deciding),
        "seeds": _seeds(usable, sources),
        "held": judgement.held,
        "compared": judgement.compared,
        "verdict": judgement.verdict,
        "reported_status": claim["status"],
        "reason": _reason(rule, tested, usable),
        "reported_evidence": claim["reported_evidence"],
        "p": judgement.p,
    }


def _detail_row(claim_id: str, tested: Tested, sources: Sources) -> dict[str, object]:
    assert tested.contrast is not None, "only measured comparisons have a row"
    return {
        "claim_id": claim_id,
        "comparison": _words(tested, sources),
        **_numbers(tested),
        "p": tested.contrast.p,
        "seeds": _seeds([tested], sources),
        "outcome": outcome(tested.contrast),
        "counted": tested.comparison.role != "beside",
    }


def _numbers(tested: Tested | None) -> dict[str, object]:
    """What was found; nothing where nothing was."""
    if tested is None or tested.contrast is None:
        nothing = dict.fromkeys(("difference", "ci_low", "ci_high"), float("nan"))
        return {"metric": "", "statistic": "", **nothing, "n": None}
    contrast = tested.contrast
    return {
        "metric": next(s.column for s in tested.comparison.sides if isinstance(s.column, str)),
        "statistic": tested.comparison.statistic,
        "difference": contrast.value,
        "ci_low": contrast.low,
        "ci_high": contrast.high,
        "n": contrast.n,
    }


def _words(tested: Tested, sources: Sources) -> str:
    return describe(tested.comparison, sources.label)


def _seeds(tested: list[Tested], sources: Sources) -> int | None:
    """How many seeds the least repeated run of the comparisons has."""
    names = [sources.resolve(side.source) for one in tested for side in one.comparison.sides]
    return min((sources.seeds[name] for name in names if name in sources.seeds), default=None)


def _reason(rule: Rule, tested: list[Tested], usable: list[Tested]) -> str:
    """The note of the rule, other readings, what could not be measured, and what still was."""
    beside = [one.contrast for one in tested if one.comparison.role == "beside"]
    counted = [one for one in tested if one.comparison.role != "beside"]
    parts = [rule.note, _tally("Comparisons by another interpretation, not counted:", beside)]
    parts.append(sentences(what for one in counted if one.missing for what in one.missing.missing))
    if not usable:
        parts.append(
            _tally("Comparisons that could be measured:", [one.contrast for one in counted])
        )
    return " ".join(filter(None, parts))


def _tally(start: str, contrasts: list[Contrast | None]) -> str:
    found = [outcome(contrast) for contrast in contrasts if contrast is not None]
    counts = ", ".join(f"{found.count(word)} {label}" for word, label in TALLY.items())
    return f"{start} {counts}." if found else ""
