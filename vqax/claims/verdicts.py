"""Claims judged by their rules: a verdict for each, and every comparison that led to it."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from vqax.claims.floors import below_floor
from vqax.claims.measure import Finding
from vqax.claims.measure import measured as finding_of
from vqax.claims.replication import counted, replication
from vqax.claims.rules import Comparison, Rule, describe
from vqax.claims.sources import NotMeasured, Sources, sentences
from vqax.claims.words import UNDECIDED, data_of, sentence
from vqax.report.claims import CLAIM_COLUMNS, COMPARISON_COLUMNS, OVER_TRAININGS
from vqax.stats.contrast import Contrast
from vqax.stats.verdict import Judgement, Verdict, holm, judge, outcome

ALPHA = 0.05
NOT_TESTABLE: Verdict = "not testable here"
TALLY: tuple[Verdict, ...] = ("supported", "contradicted", "inconclusive", UNDECIDED)


class Claims(NamedTuple):
    """A row per claim, and a row per comparison that was measured for one."""

    claims: pd.DataFrame
    comparisons: pd.DataFrame


class Tested(NamedTuple):
    """A comparison with its result, or why there is none."""

    comparison: Comparison
    finding: Finding | None
    missing: NotMeasured | None


@dataclass(frozen=True)
class Reading:
    """The comparisons of a rule that count, what they add up to, and why not where they do not."""

    usable: list[Tested]
    judgement: Judgement
    verdict: Verdict
    reason: str = ""

    @property
    def deciding(self) -> Tested | None:
        place = self.judgement.deciding
        return None if place is None else self.usable[place]


def judged(
    published: pd.DataFrame, rules: Mapping[str, Rule], sources: Sources, *, seed: int
) -> Claims:
    """Verdicts on the claims of ``published`` that ``rules`` knows by their ``claim_id``.

    The claims of ``published`` are one family of Holm's: a claim that is decided by its intervals
    alone, and not after the correction, is inconclusive.
    """
    found, details = [], []
    for claim in published.to_dict("records"):
        rule = rules[claim["claim_id"]]
        trainings = replication(rule, sources)
        tested = [_test(one, sources, seed, trainings) for one in rule.comparisons]
        other = [_test(one, sources, seed, trainings) for one in rule.other_reading]
        found.append(_claim_row(claim, rule, tested, other, sources, seed))
        details += [
            _detail_row(claim["claim_id"], one, sources)
            for one in (*tested, *other)
            if one.finding is not None
        ]
    table = _corrected(pd.DataFrame(found))
    integers = ["n", "seeds", "seeds_a", "seeds_b", "family_size", "all_claims"]
    return Claims(
        table[[*CLAIM_COLUMNS, *OVER_TRAININGS]].astype(dict.fromkeys(integers, "Int64")),
        pd.DataFrame(details, columns=COMPARISON_COLUMNS),
    )


def _corrected(table: pd.DataFrame) -> pd.DataFrame:
    """With Holm's p over the claims that were tested, and the verdicts that it leaves."""
    table["p_holm"] = holm(table["p"].to_numpy(float))
    table["verdict_alone"] = table["verdict"]
    decided = table["verdict"].isin(("supported", "contradicted"))
    lost = decided & ~(table["p_holm"] <= ALPHA)
    table.loc[lost, "verdict"] = "inconclusive"
    table["detectable"] = table["detectable"].where(table["verdict"] == "inconclusive")
    table["family"] = table["paper"]
    table["family_size"] = table["all_claims"] = int(table["p"].notna().sum())
    table["sentence"] = [sentence(row) for row in table.to_dict("records")]
    return table


def _test(comparison: Comparison, sources: Sources, seed: int, trainings: int | None) -> Tested:
    try:
        if comparison.role == "if measured":
            counted(comparison, sources, trainings)
        return Tested(
            comparison, finding_of(comparison, sources, seed=seed, trainings=trainings), None
        )
    except NotMeasured as missing:
        return Tested(comparison, None, missing)


def _claim_row(
    claim: Mapping[Hashable, str],
    rule: Rule,
    tested: list[Tested],
    other: list[Tested],
    sources: Sources,
    seed: int,
) -> dict[str, object]:
    reading = _read(tested, sources, seed)
    verdict, reason = reading.verdict, reading.reason
    if rule.other_reading:
        verdict, reason = _of_both(reading, _read(other, sources, seed))
    decided = verdict not in (NOT_TESTABLE, UNDECIDED)
    shown = reading.usable or [one for one in tested if _counts(one)]
    return {
        **{key: claim[key] for key in ("paper", "claim_id", "claim", "tested_by", "direction")},
        "kind": claim["kind"],
        "comparison": "; ".join(_words(one, sources) for one in shown),
        "deciding": "" if reading.deciding is None else _words(reading.deciding, sources),
        **_numbers(reading.deciding),
        "data": data_of([one.comparison for one in reading.usable], sources),
        "seeds": _fewest(reading.usable),
        "held": reading.judgement.held,
        "compared": reading.judgement.compared,
        "verdict": verdict,
        "reported_status": claim["status"],
        "reason": " ".join(filter(None, (_reason(rule, tested, reading.usable), reason))),
        "reported_evidence": claim["reported_evidence"],
        "p": reading.judgement.p if decided else float("nan"),
    }


def _read(tested: list[Tested], sources: Sources, seed: int) -> Reading:
    """The verdict of one reading, before the correction for many claims."""
    counting = [one for one in tested if _counts(one)]
    usable = [one for one in counting if one.finding is not None]
    if not usable or any(one.missing and one.comparison.role == "required" for one in counting):
        return Reading([], judge([]), NOT_TESTABLE)
    findings = [one.finding for one in usable if one.finding is not None]
    if not all(finding.enough for finding in findings):
        return Reading(usable, _undecided(findings), UNDECIDED)
    judgement = judge([finding.contrast for finding in findings])
    if low := below_floor([one.comparison for one in usable], sources, seed=seed):
        return Reading(usable, judgement, NOT_TESTABLE, low)
    if judgement.verdict == "supported" and (why := _explained(tested, sources)):
        return Reading(usable, judgement, NOT_TESTABLE, why)
    return Reading(usable, judgement, judgement.verdict)


def _undecided(findings: list[Finding]) -> Judgement:
    """Without a verdict; the comparison with the least in its favour is shown."""
    values = [finding.contrast.value for finding in findings]
    above = sum(value > 0 for value in values)
    return Judgement(UNDECIDED, above, len(values), int(np.argmin(values)), float("nan"))


def _explained(tested: list[Tested], sources: Sources) -> str:
    """Why the support says nothing: a control that does as well, or that is missing."""
    controls = [one for one in tested if one.comparison.role == "control"]
    missing = sentences(what for one in controls if one.missing for what in one.missing.missing)
    if missing:
        return f"Without its control the claim is not tested. {missing}"
    for one in controls:
        assert one.finding is not None, "what is not missing was measured"
        if not one.finding.enough or outcome(one.finding.contrast) != "supported":
            return f"A control does as well: {_words(one, sources)} is not supported."
    return ""


def _of_both(first: Reading, second: Reading) -> tuple[Verdict, str]:
    if first.verdict == second.verdict:
        return first.verdict, " ".join(filter(None, (first.reason, second.reason)))
    reason = (
        f"The paper can be read in two ways: by the first {first.verdict}, by the second "
        f"{second.verdict}."
    )
    if UNDECIDED in (first.verdict, second.verdict):
        return UNDECIDED, reason
    return NOT_TESTABLE, reason


def _counts(tested: Tested) -> bool:
    return tested.comparison.role in ("required", "if measured")


def _detail_row(claim_id: str, tested: Tested, sources: Sources) -> dict[str, object]:
    finding = tested.finding
    assert finding is not None, "only measured comparisons have a row"
    return {
        "claim_id": claim_id,
        "comparison": _words(tested, sources),
        **_numbers(tested),
        "data": data_of([tested.comparison], sources),
        "p": finding.contrast.p if finding.enough else float("nan"),
        "seeds": _fewest([tested]),
        "outcome": outcome(finding.contrast) if finding.enough else UNDECIDED,
        "counted": _counts(tested),
    }


def _numbers(tested: Tested | None) -> dict[str, object]:
    """What was found; nothing where nothing was."""
    if tested is None or tested.finding is None:
        numbers = ("difference", "ci_low", "ci_high", "seed_sd", "df", "detectable")
        nothing = dict.fromkeys(numbers, float("nan"))
        return {
            "metric": "",
            "statistic": "",
            **nothing,
            **dict.fromkeys(("n", "seeds_a", "seeds_b")),
        }
    comparison, finding = tested.comparison, tested.finding
    contrast: Contrast = finding.contrast
    return {
        "metric": next(s.column for s in comparison.sides if isinstance(s.column, str)),
        "statistic": comparison.statistic,
        "difference": contrast.value - comparison.margin,
        "ci_low": contrast.low - comparison.margin,
        "ci_high": contrast.high - comparison.margin,
        "n": contrast.n,
        "seeds_a": finding.seeds_a,
        "seeds_b": finding.seeds_b,
        "seed_sd": finding.seed_sd,
        "df": finding.df,
        "detectable": finding.detectable,
    }


def _words(tested: Tested, sources: Sources) -> str:
    return describe(tested.comparison, sources.label)


def _fewest(tested: list[Tested]) -> int | None:
    """The trainings of the least repeated side; none where no side is trained."""
    findings = [one.finding for one in tested if one.finding is not None]
    seeds = [one for finding in findings for one in (finding.seeds_a, finding.seeds_b) if one]
    return min(seeds, default=None)


def _reason(rule: Rule, tested: list[Tested], usable: list[Tested]) -> str:
    """The note of the rule, other readings, what could not be measured, and what still was."""
    beside = [one for one in tested if one.comparison.role == "beside"]
    counting = [one for one in tested if _counts(one)]
    parts = [rule.note, _tally("Comparisons by another interpretation, not counted:", beside)]
    parts.append(sentences(what for one in counting if one.missing for what in one.missing.missing))
    if not usable:
        parts.append(_tally("Comparisons that could be measured:", counting))
    return " ".join(filter(None, parts))


def _tally(start: str, tested: list[Tested]) -> str:
    found = [
        outcome(one.finding.contrast) if one.finding.enough else UNDECIDED
        for one in tested
        if one.finding is not None
    ]
    counts = ", ".join(f"{found.count(word)} {word}" for word in TALLY if word in found)
    return f"{start} {counts}." if found else ""
