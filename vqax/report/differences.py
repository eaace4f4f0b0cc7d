"""Differences between runs as lines of a table, and rankings with the sentence to read them by."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vqax.metrics.metric import Metric
from vqax.report.answer import Finding, findings, trainings, verdict
from vqax.report.captions import dataset_name
from vqax.report.content import Comparison, ReportContent
from vqax.report.labels import label_of, scale_of, spaced
from vqax.report.numbers import deciding_digits, number


@dataclass(frozen=True, slots=True)
class Bar:
    """An interval on a shared scale, in per cent of the width; zero is at 50."""

    low: float
    high: float
    value: float


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of a table of differences."""

    first: str
    second: str
    label: Metric
    value: str
    interval: str
    bar: Bar
    verdict: str
    n: str
    effect: str
    p: str
    seeds: str = ""
    detectable: str = ""
    ranks_differ: str = ""
    reported: str = ""
    reported_dataset: str = ""
    same_direction: str = ""
    href: str = ""

    @property
    def decided(self) -> bool:
        """Whether a verdict may be seen: a word, a colour, bold."""
        return self.verdict in ("better", "worse", "higher", "lower")


def comparisons(content: ReportContent) -> list[Difference]:
    """Every comparison of the report by every measure, each bar on its own scale."""
    return [
        _compared(finding, comparison, content)
        for comparison in content.comparisons
        for finding in findings(comparison, content)
    ]


def _compared(finding: Finding, comparison: Comparison, content: ReportContent) -> Difference:
    digits = deciding_digits(finding.low, finding.high, finding.label.digits)
    shown = (finding.low, finding.high, finding.difference)
    return Difference(
        first=content.label(comparison.proposed),
        second=content.label(comparison.baseline),
        label=finding.label,
        value=number(finding.difference, digits, sign=True),
        interval=f"{number(finding.low, digits)} to {number(finding.high, digits)}",
        bar=bar(*shown, reach=max(map(abs, np.nan_to_num(shown)))),
        verdict=finding.verdict,
        n=f"{finding.n:,}",
        effect=number(finding.effect_size, 2, sign=True),
        p=p_value(finding.nemenyi_p),
        reported=""
        if finding.reported is None
        else number(finding.reported, finding.label.digits, sign=True),
        reported_dataset=dataset_name(finding.reported_dataset),
        same_direction=finding.same_direction,
        seeds=finding.trainings.sides,
        detectable=number(finding.trainings.detectable, finding.label.digits),
        href=content.explorer(comparison.proposed, comparison.baseline, finding.metric),
    )


def pair_tables(content: ReportContent) -> list[tuple[Metric, list[Difference]]]:
    """Per metric, every pair of runs, on one scale."""
    tables = []
    for metric, rows in content.pairs.groupby("metric", sort=False):
        values = rows[["difference", "ci_low", "ci_high"]].to_numpy(dtype=float)
        reach = float(np.abs(np.nan_to_num(values)).max())
        lines = [_pair(row, str(metric), reach, content) for _, row in rows.iterrows()]
        tables.append((label_of(str(metric)), lines))
    return tables


def _pair(row: pd.Series, metric: str, reach: float, content: ReportContent) -> Difference:
    label = label_of(metric)
    scale = scale_of(metric, str(row.get("unit", "")))
    low, high, value = (float(row[key]) for key in ("ci_low", "ci_high", "difference"))
    digits = deciding_digits(scale * low, scale * high, label.digits)
    rests_on = trainings(row, scale)
    return Difference(
        first=content.label(str(row["run_a"])),
        second=content.label(str(row["run_b"])),
        label=label,
        value=number(scale * value, digits, sign=True),
        interval=f"{number(scale * low, digits)} to {number(scale * high, digits)}",
        bar=bar(low, high, value, reach=reach),
        verdict=verdict(low, high, label.direction, enough=rests_on.enough),
        n=f"{int(row['n']):,}",
        effect=number(float(row["effect_size"]), 2, sign=True),
        p=p_value(float(row["nemenyi_p"])),
        seeds=rests_on.sides,
        detectable=number(rests_on.detectable, label.digits),
        ranks_differ=str(row.get("ranks_differ", "")),
        href=content.explorer(str(row["run_a"]), str(row["run_b"]), metric),
    )


def bar(low: float, high: float, value: float, *, reach: float) -> Bar:
    """Positions of an interval when ``reach`` is the largest size drawn, left and right of zero."""
    low, high, value = (
        50.0 + 48.0 * (x / reach if reach and np.isfinite(x) else 0.0) for x in (low, high, value)
    )
    return Bar(round(low, 2), round(high, 2), round(value, 2))


def p_value(p: float) -> str:
    return "< .001" if p < 0.001 else number(p, 3)


@dataclass(frozen=True, slots=True)
class Ranking:
    """A critical-difference diagram with the sentence that says how to read it."""

    title: str
    svg: str
    caption: str
    ranks: tuple[tuple[str, str], ...]


def rankings(content: ReportContent, figures: Mapping[str, str]) -> list[Ranking]:
    """One per set and measure of the ranks, with its figure ("set/measure") where there is one."""
    result = []
    several = content.ranks["set"].nunique() > 1
    for (name, measure), rows in content.ranks.groupby(["set", "measure"], sort=False):
        ordered = rows.sort_values("mean_rank", kind="stable")
        names = [content.label(str(run)) for run in ordered["run"]]
        ranks = [number(float(rank), 2) for rank in ordered["mean_rank"]]
        result.append(
            Ranking(
                title=label_of(str(measure)).name + (f" ({spaced(str(name))})" if several else ""),
                svg=figures.get(f"{name}/{measure}", ""),
                caption=_ranking_caption(ordered.iloc[0], label_of(str(measure))),
                ranks=tuple(zip(names, ranks, strict=True)),
            )
        )
    return result


def _ranking_caption(row: pd.Series, label: Metric) -> str:
    p = float(row["p"])
    equals = "" if p < 0.001 else "= "
    friedman = f"χ² = {number(float(row['friedman_chi2']), 2)}, p {equals}{p_value(p)}"
    differ = "differ somewhere" if p < 0.05 else "cannot be told apart as a whole"
    first = "best" if label.direction else "the lowest"
    block = spaced(str(row["block"])).replace("dataset", "data set")
    return (
        f"Mean rank of {int(row['k'])} runs by {label.name}; rank 1 is {first}. A block is one "
        f"{block}: the runs are ranked inside each of the {int(row['n_blocks']):,} blocks, then "
        f"the ranks are averaged. Friedman {friedman}: the runs {differ}. Two runs whose mean "
        f"ranks lie closer than the critical difference {number(float(row['cd']), 2)} (Nemenyi, "
        "α = .05) do not differ significantly."
    )
