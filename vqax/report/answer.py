"""Paired differences of two runs as findings, each with what it rests on.

A difference of too few trainings gets no verdict (`vqax.stats.words`), whatever its interval.
"""

import math
from dataclasses import dataclass, replace

import pandas as pd

from vqax.metrics.metric import Metric
from vqax.report.content import Comparison, ReportContent
from vqax.report.labels import label_of, scale_of
from vqax.report.numbers import deciding_digits, number
from vqax.stats.power import seeds_needed
from vqax.stats.seed_variance import FEWEST_DF, FEWEST_SEEDS, SeedVariance

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
UNMEASURED, UNDECIDED = "not measured", "too few trainings"


@dataclass(frozen=True, slots=True)
class Trainings:
    """How many trainings a difference rests on, and how far they vary, in the unit shown.

    ``seed_sd`` is s, with ``seed_df`` degrees of freedom, ``detectable`` the difference found with
    80 % power, ``image_variance`` that over ``images`` test images; NaN where it is not known.
    """

    a: int
    b: int
    seed_sd: float
    seed_df: int
    detectable: float
    image_variance: float
    images: int

    @property
    def enough(self) -> bool:
        """For a verdict; a side of 0 trainings is not trained and needs none."""
        return min(self.a, self.b or self.a) >= FEWEST_SEEDS and self.seed_df >= FEWEST_DF

    @property
    def sides(self) -> str:
        """``1 and 3``, or ``3`` where both sides have as many."""
        return str(self.a) if self.a == self.b else f"{self.a} and {self.b}"

    def needed(self, effect: float) -> int | None:
        """Trainings a side that would find ``effect`` with 80 % power; None where unknown."""
        if not math.isfinite(self.seed_sd + self.image_variance) or self.images < 2:
            return None
        spread = SeedVariance(self.seed_sd**2, self.seed_df)
        return seeds_needed(effect, spread, self.image_variance, self.images - 1)


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
    trainings: Trainings

    @property
    def label(self) -> Metric:
        return label_of(self.metric)

    @property
    def same_direction(self) -> str:
        """Whether the paper's direction was found here; only signs are compared, never sizes."""
        if not self.reported or not self.label.direction or self.verdict == UNMEASURED:
            return ""
        if self.verdict not in ("better", "worse"):
            return "not decided"
        improved = (self.reported > 0.0) == (self.label.direction == "higher")
        return "yes" if improved == (self.verdict == "better") else "no"

    @property
    def amount(self) -> str:
        """``+2.1 points``, with a digit more where fewer would hide the side of zero."""
        unit = f" {self.label.shown_in}" if self.label.shown_in else ""
        return f"{number(self.difference, self.digits, sign=True)}{unit}"

    @property
    def interval(self) -> str:
        return f"[{number(self.low, self.digits)}, {number(self.high, self.digits)}]"

    @property
    def digits(self) -> int:
        return deciding_digits(self.low, self.high, self.label.digits)


def verdict(low: float, high: float, direction: str, *, enough: bool = True) -> str:
    """What an interval of a difference says: the side of zero it lies on, if on one at all.

    A metric without a direction (an uncertainty is not better for being small) is "higher" or
    "lower" instead of better or worse; without an interval it is "not measured", and without
    ``enough`` trainings nothing is said.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return UNMEASURED
    if not enough:
        return UNDECIDED
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
    rests_on = trainings(row, abs(factor))
    if sign < 0:
        rests_on = replace(rests_on, a=rests_on.b, b=rests_on.a)
    return Finding(
        metric=metric,
        difference=factor * float(row["difference"]),
        low=low,
        high=high,
        n=int(row["n"]),
        effect_size=sign * float(row["effect_size"]),
        nemenyi_p=float(row["nemenyi_p"]),
        verdict=verdict(low, high, label_of(metric).direction, enough=rests_on.enough),
        reported=reported,
        reported_dataset=dataset,
        trainings=rests_on,
    )


def trainings(row: pd.Series, scale: float) -> Trainings:
    """What a row of the pairs says of its trainings; one a side where it says nothing."""

    def value(name: str) -> float:
        return float(row[name]) if name in row and not pd.isna(row[name]) else math.nan

    def count(name: str, otherwise: int) -> int:
        return int(value(name)) if math.isfinite(value(name)) else otherwise

    return Trainings(
        a=count("seeds_a", 1),
        b=count("seeds_b", 1),
        seed_sd=scale * value("seed_sd"),
        seed_df=count("seed_df", 0),
        detectable=scale * value("detectable"),
        image_variance=scale**2 * value("image_variance"),
        images=count("images", 0),
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
