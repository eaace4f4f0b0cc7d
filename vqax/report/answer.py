"""The answer in words, derived from paired differences; no sentence here knows a result."""

import math
from collections import defaultdict
from dataclasses import dataclass

import pandas as pd

from vqax.metrics.metric import Metric
from vqax.report.content import Comparison, ReportContent
from vqax.report.labels import label_of, scale_of
from vqax.report.numbers import deciding_digits, number

REPORTED_AS = {
    "accuracy_official": "accuracy_all",
    "accuracy_yes_no": "accuracy_yes_no",
    "accuracy_number": "accuracy_number",
    "accuracy_other": "accuracy_other",
    "attention_rank_correlation": "rank_correlation",
    "rank_correlation": "rank_correlation",
    "attention_emd": "emd",
    "emd": "emd",
    "margin": "top2_distance",
}
VERDICTS = ("better", "worse", "inconclusive")
UNMEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Finding:
    """One paired difference, proposed − baseline, in the unit that is shown."""

    metric: str
    difference: float
    low: float
    high: float
    n: int
    effect_size: float
    nemenyi_p: float
    verdict: str
    reported: float | None
    reported_dataset: str

    @property
    def label(self) -> Metric:
        return label_of(self.metric)

    @property
    def same_direction(self) -> str:
        """Whether the paper's direction was found here; only signs are compared, never sizes."""
        if not self.reported or not self.label.direction or self.verdict == UNMEASURED:
            return ""
        if self.verdict == "inconclusive":
            return "not decided"
        improved = (self.reported > 0.0) == (self.label.direction == "higher")
        return "yes" if improved == (self.verdict == "better") else "no"

    @property
    def sentence(self) -> str:
        unit = f" {self.label.shown_in}" if self.label.shown_in else ""
        digits = deciding_digits(self.low, self.high, self.label.digits)
        return (
            f"{self.label.name} {number(self.difference, digits, sign=True)}{unit}, 95 % interval "
            f"[{number(self.low, digits)}, {number(self.high, digits)}]: {self.verdict}"
        )


def verdict(low: float, high: float, direction: str) -> str:
    """What an interval of a difference says: the side of zero it lies on, if on one at all.

    A metric without a direction (an uncertainty is not better for being small) is "higher" or
    "lower" instead of better or worse; without an interval it is "not measured".
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return UNMEASURED
    if low <= 0.0 <= high:
        return "inconclusive"
    if not direction:
        return "higher" if low > 0.0 else "lower"
    return "better" if (low > 0.0) == (direction == "higher") else "worse"


def findings(comparison: Comparison, content: ReportContent) -> list[Finding]:
    """Every measured paired difference of two runs; metrics the paper prints come first."""
    pairs = content.pairs
    forward = _between(pairs, comparison.proposed, comparison.baseline)
    backward = _between(pairs, comparison.baseline, comparison.proposed)
    found = [_finding(row, 1.0, comparison, content) for _, row in forward.iterrows()]
    found += [_finding(row, -1.0, comparison, content) for _, row in backward.iterrows()]
    order = list(REPORTED_AS)
    return sorted(found, key=lambda f: order.index(f.metric) if f.metric in order else len(order))


def _between(pairs: pd.DataFrame, run_a: str, run_b: str) -> pd.DataFrame:
    return pairs[(pairs["run_a"] == run_a) & (pairs["run_b"] == run_b)]


def _finding(
    row: pd.Series, sign: float, comparison: Comparison, content: ReportContent
) -> Finding:
    metric = str(row["metric"])
    factor = sign * scale_of(metric, str(row.get("unit", "")))
    low, high = sorted([factor * float(row["ci_low"]), factor * float(row["ci_high"])])
    reported, dataset = reported_difference(comparison, content.headline, metric)
    return Finding(
        metric=metric,
        difference=factor * float(row["difference"]),
        low=low,
        high=high,
        n=int(row["n"]),
        effect_size=sign * float(row["effect_size"]),
        nemenyi_p=float(row["nemenyi_p"]),
        verdict=verdict(low, high, label_of(metric).direction),
        reported=reported,
        reported_dataset=dataset,
    )


def reported_difference(
    comparison: Comparison, headline: pd.DataFrame, metric: str
) -> tuple[float | None, str]:
    """The paper's own difference for a metric and the data set it stands for, where it has one."""
    for table, proposed, baseline in comparison.reported:
        wanted = (headline["table"] == table) & (headline["metric"] == REPORTED_AS.get(metric))
        cells = headline[wanted & headline["reported"].notna()]
        values = dict(zip(cells["row"], cells["reported"], strict=True))
        datasets = dict(zip(cells["row"], cells["reported_dataset"], strict=True))
        if proposed in values and baseline in values:
            return float(values[proposed]) - float(values[baseline]), str(datasets[proposed])
    return None, ""


def in_short(comparison: Comparison, content: ReportContent) -> str:
    """One sentence: on how many measures the method is better, worse, or neither."""
    proposed, baseline = content.label(comparison.proposed), content.label(comparison.baseline)
    found = _main(comparison, content)
    if not found:
        return f"{proposed} was not compared with {baseline}: no paired difference was measured."
    names: dict[str, list[str]] = defaultdict(list)
    for finding in found:
        names[finding.verdict].append(finding.label.name)
    better, worse, unclear = (names[key] for key in VERDICTS)
    return (
        f"Of {len(found)} {'measure' if len(found) == 1 else 'measures'}, {proposed} is better "
        f"than {baseline} on {_counted(better)} and worse on {_counted(worse)}; "
        f"{len(unclear) or 'none'} {'is' if len(unclear) == 1 else 'are'} inconclusive."
    )


def in_words(comparison: Comparison, content: ReportContent) -> str:
    """Who minus whom, then each difference the paper speaks of with its interval and verdict."""
    found = _main(comparison, content)
    if not found:
        return ""
    proposed, baseline = content.label(comparison.proposed), content.label(comparison.baseline)
    return f"{proposed} minus {baseline}: {'; '.join(f.sentence for f in found)}."


def _main(comparison: Comparison, content: ReportContent) -> list[Finding]:
    """The findings that can be better or worse; those the paper prints, if there are any."""
    found = [
        finding
        for finding in findings(comparison, content)
        if finding.label.direction and finding.verdict != UNMEASURED
    ]
    return [finding for finding in found if finding.metric in REPORTED_AS] or found


def _counted(names: list[str]) -> str:
    return f"{len(names)} ({', '.join(names)})" if names else "none"
