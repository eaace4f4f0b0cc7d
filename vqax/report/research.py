"""The first screen: each question of a study, its answer, how sure it is, and what would tell more.

No sentence here knows a result: all are put together from differences and verdicts.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from vqax.report.answer import UNDECIDED, UNMEASURED, Finding, findings
from vqax.report.content import Comparison, ReportContent, ResearchQuestion
from vqax.report.numbers import number, readable
from vqax.stats.seed_variance import FEWEST_SEEDS

LEAD = {
    "better": "Yes",
    "worse": "No, the opposite",
    "inconclusive": "Not decided",
    UNDECIDED: "Not known yet",
}
ORDER = ("better", "worse", "inconclusive", UNDECIDED)
MOST_LISTED = 6
UNDECIDED_CLAIM = "undecided"


@dataclass(frozen=True, slots=True)
class Reply:
    """One question with its answer in a sentence; ``claims`` are (claim id, verdict, claim)."""

    question: str
    answer: str
    sure: str
    more: str
    claims: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """A finding with the two runs it is about, in words."""

    proposed: str
    baseline: str
    dataset: str
    finding: Finding


def replies(content: ReportContent) -> list[Reply]:
    """One per question, in their order."""
    return [
        _of_claims(question, content) if question.claims else _of_measures(question, content)
        for question in content.questions
    ]


def compared(content: ReportContent, measures: Sequence[str] = ()) -> list[Compared]:
    """What was measured of every comparison by ``measures``, or by all that have a better side."""
    datasets = {run.name: run.dataset for run in content.runs}
    return [
        Compared(
            content.label(comparison.proposed),
            content.label(comparison.baseline),
            datasets.get(comparison.proposed, ""),
            finding,
        )
        for comparison in content.comparisons
        for finding in _with_a_better_side(comparison, content)
        if not measures or finding.metric in measures
    ]


def _with_a_better_side(comparison: Comparison, content: ReportContent) -> list[Finding]:
    return [
        finding
        for finding in findings(comparison, content)
        if finding.label.direction and finding.verdict != UNMEASURED
    ]


def _of_measures(question: ResearchQuestion, content: ReportContent) -> Reply:
    known = compared(content, question.measures)
    if not known:
        return Reply(
            question.question,
            "Not measured: no two runs of this study were compared by what the question is about.",
            "",
            "",
        )
    return Reply(question.question, _answer(known), _how_sure(known), _to_know_more(known))


def _answer(known: list[Compared]) -> str:
    """``Yes, on Scenes v1: P-GCA against MCB +2.1 points VQA accuracy [0.4, 3.9].``"""
    parts = {word: [one for one in known if one.finding.verdict == word] for word in ORDER}
    present = [word for word in ORDER if parts[word]]
    data = ", ".join(dict.fromkeys(one.dataset for one in known if one.dataset))
    where = f" ({data})" if data else ""
    if present == [UNDECIDED]:
        return f"{LEAD[UNDECIDED]}{where}. These trainings differ: {_listed(known)}."
    if len(present) == 1:
        return f"{LEAD[present[0]]}{where}: {_listed(known)}."
    said = "; ".join(f"{word}: {_listed(parts[word])}" for word in present)
    return f"It depends{where}. {said[0].upper()}{said[1:]}."


def _listed(known: list[Compared]) -> str:
    """By measure: what each comparison gave; of many only how many, since the plot shows them."""
    if len(known) > MOST_LISTED:
        return f"{len(known)} differences, shown below"
    by_measure: dict[str, list[str]] = {}
    for one in known:
        interval = "" if one.finding.verdict == UNDECIDED else f" {one.finding.interval}"
        by_measure.setdefault(one.finding.label.name, []).append(
            f"{one.finding.amount}{interval} for {one.proposed} against {one.baseline}"
        )
    return "; ".join(f"{measure} {', '.join(parts)}" for measure, parts in by_measure.items())


def _how_sure(known: list[Compared]) -> str:
    sides = sorted({n for one in known for n in (one.finding.trainings.a, one.finding.trainings.b)})
    trained = f"{_span(sides)} training{'s' if sides[-1] > 1 else ''} a side"
    if not all(one.finding.trainings.enough for one in known):
        return (
            f"{trained}: not enough to tell methods apart, since two trainings of one method "
            f"differ as well{_spread(known)}."
        )
    return f"{trained}, 95 % intervals over trainings and test images{_spread(known)}."


def _spread(known: list[Compared]) -> str:
    """How far trainings of one method differ, by measure, where that is known."""
    spreads = {
        one.finding.label.name: (
            f"{number(one.finding.trainings.seed_sd, one.finding.label.digits)} "
            f"{one.finding.label.shown_in}".strip()
        )
        for one in known
        if one.finding.trainings.seed_df
    }
    if not spreads:
        return ""
    listed = ", ".join(f"{value} in {name}" for name, value in spreads.items())
    return f" (standard deviation between trainings: {listed})"


def _to_know_more(known: list[Compared]) -> str:
    """What it takes: trainings for a verdict, and for an effect as large as the paper's."""
    parts = []
    if not all(one.finding.trainings.enough for one in known):
        parts.append(f"at least {FEWEST_SEEDS} trainings a side (the profile full makes them)")
    open_ones = [one for one in known if one.finding.verdict == "inconclusive"]
    for one in open_ones:
        finding = one.finding
        unit = f" {finding.label.shown_in}" if finding.label.shown_in else ""
        text = (
            f"a difference of {number(finding.trainings.detectable, finding.label.digits)}{unit} "
            f"in {finding.label.name} of {one.proposed} and {one.baseline} would have been found "
            "with 80 % power"
        )
        needed = finding.trainings.needed(finding.reported) if finding.reported else None
        if needed is not None:
            text += f", the paper's {number(finding.reported, finding.label.digits, sign=True)} "
            text += f"takes {needed} trainings a side"
        parts.append(text)
    return "; ".join(parts)


def _of_claims(question: ResearchQuestion, content: ReportContent) -> Reply:
    rows = content.claims[content.claims["claim_id"].isin(question.claims)]
    verdicts = Counter(map(str, rows["verdict"]))
    counted = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
    answer = f"Of {len(rows)} claim{'s' if len(rows) != 1 else ''} of the paper: {counted}."
    return Reply(
        question.question,
        answer if len(rows) else "Not tested: none of its claims was looked at here.",
        _seeds_of(rows),
        _missing_of(rows),
        tuple(
            (str(row["claim_id"]), _verdict_of(row), str(row["claim"]))
            for _, row in rows.iterrows()
        ),
    )


def _verdict_of(row: pd.Series) -> str:
    """The verdict with the data it is about, where the claim was tested: supported on Scenes v1."""
    data = str(row.get("data", "") or "")
    return f"{row['verdict']} on {data}" if data and row["compared"] else str(row["verdict"])


def _seeds_of(rows: pd.DataFrame) -> str:
    """``1 to 3 trainings a side``: the fewest and the most that a claim rests on."""
    columns = [name for name in ("seeds_a", "seeds_b") if name in rows] or ["seeds"]
    seeds = sorted({int(n) for name in columns for n in rows[name].dropna() if n})
    if not seeds:
        return ""
    few = "" if seeds[0] >= FEWEST_SEEDS else f"; fewer than {FEWEST_SEEDS} decide nothing"
    return f"{_span(seeds)} training{'s' if seeds[-1] > 1 else ''} a side{few}."


def _missing_of(rows: pd.DataFrame) -> str:
    """Which claims wait for more trainings, and how much larger the difference would have to be."""
    few = rows[rows["verdict"] == UNDECIDED_CLAIM]
    parts = []
    if len(few):
        parts.append(
            f"at least {FEWEST_SEEDS} trainings a side for {', '.join(map(str, few['claim_id']))} "
            "(the profile full makes them)"
        )
    if "detectable" in rows:
        known = rows[(rows["verdict"] == "inconclusive") & rows["detectable"].notna()]
        parts += [
            f"for {row['claim_id']} a difference of {readable(float(row['detectable']))} would "
            "have been found with 80 % power"
            for _, row in known.iterrows()
        ]
    return "; ".join(parts)


def _span(values: list[int]) -> str:
    return str(values[0]) if values[0] == values[-1] else f"{values[0]} to {values[-1]}"
