"""Friedman and Nemenyi over blocks, and paired differences with effect sizes."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from project.differences import RunDifference, run_difference
from project.schema import Significance
from project.study import Measured
from vqax.errors import BadData
from vqax.report.content import PAIR_COLUMNS, RANK_COLUMNS
from vqax.stats.effect import rank_biserial
from vqax.stats.nemenyi import NemenyiResult, nemenyi

MEASURES = {
    "accuracy_official": True,
    "attention_rank_correlation": True,
    "attention_emd": False,
    "margin": True,
    "entropy": False,
}
ALL = "all"
Tests = dict[tuple[str, str], tuple[list[str], NemenyiResult]]


def ranks(measured: Measured) -> tuple[pd.DataFrame, Tests]:
    """Friedman and Nemenyi for every set of systems and every measure."""
    rows: list[dict[str, object]] = []
    tests: Tests = {}
    settings = measured.study.significance
    if settings is None:
        return pd.DataFrame(rows, columns=RANK_COLUMNS), tests
    for name, systems in _sets(measured, settings).items():
        for measure, higher in MEASURES.items():
            blocks = _blocks(measured, systems, measure, settings)
            if blocks.shape[0] < 2 or blocks.shape[1] < 2:
                continue
            result = nemenyi(
                blocks.to_numpy(),
                alpha=settings.alpha,
                higher_is_better=higher,
                blocks=[" · ".join(map(str, block)) for block in blocks.index],
            )
            tests[name, measure] = (list(blocks), result)
            rows += _rank_rows(name, measure, list(blocks), result, settings.blocks)
    return pd.DataFrame(rows, columns=RANK_COLUMNS), tests


def _sets(measured: Measured, settings: Significance) -> dict[str, list[str]]:
    """Name -> systems ranked together."""
    sets = {name: list(names) for name, names in settings.sets.items()}
    return sets or {ALL: list(dict.fromkeys(system(measured, run) for run in measured.runs))}


def system(measured: Measured, run: str) -> str:
    """The name under which runs on several data sets are one system."""
    return measured.params.run(run).system or run


def _blocks(
    measured: Measured, systems: list[str], measure: str, settings: Significance
) -> pd.DataFrame:
    """Blocks by systems; blocks that lack a system, or questions, are left out.

    A system without the measure in every block (a model without attention) is left out first. A
    question counts once for the size of a block, however many seeds answered it.
    """
    columns: dict[str, pd.Series] = {}
    for name in systems:
        runs = [run for run in measured.runs if system(measured, run) == name]
        tables = pd.concat([table for run in runs for table in _located(measured, run)])
        if measure in tables and tables[measure].notna().any():
            answered, by = tables[tables[measure].notna()], list(settings.blocks)
            asked = answered.drop_duplicates(list({*by, "dataset", "question_id"}))
            large = asked.groupby(by).size() >= settings.min_block_questions
            columns[name] = answered.groupby(by)[measure].mean()[large]
    return pd.DataFrame(columns).dropna()


def _located(measured: Measured, run: str) -> Iterator[pd.DataFrame]:
    """The questions of a run for each seed, with the columns that can be blocks."""
    for seed_run, table in zip(measured.seeds(run), measured.questions_by_seed[run], strict=True):
        yield table.assign(
            dataset=measured.params.run(run).dataset, seed=measured.params.seed_of(seed_run)
        )


def _rank_rows(
    name: str, measure: str, systems: list[str], result: NemenyiResult, blocks: tuple[str, ...]
) -> list[dict[str, object]]:
    return [
        {
            "set": name,
            "measure": measure,
            "block": " × ".join(blocks),
            "run": one,
            "mean_rank": float(rank),
            "n_blocks": result.n_blocks,
            "k": len(systems),
            "cd": result.cd,
            "friedman_chi2": result.friedman_chi2,
            "p": result.friedman_p,
        }
        for one, rank in zip(systems, result.ranks, strict=True)
    ]


def pairs(measured: Measured, tests: Tests) -> pd.DataFrame:
    """Later minus earlier run of every pair that is ranked together on one data set.

    Differences and their intervals are over the trainings and the images of both
    (``project.differences``); ``word`` is better or worse, inconclusive, or None without enough
    trainings. Ranks stand beside: ``ranks_differ`` says where they decide otherwise, and why.
    """
    rows = []
    for first, second, name in _compared(measured):
        for measure, higher in MEASURES.items():
            tables = measured.questions[second], measured.questions[first]
            if any(measure not in table for table in tables):
                continue
            found = run_difference(measured, measure, second, first)
            test = tests.get((name, measure))
            names = system(measured, second), system(measured, first)
            a, b, _ = paired(*tables, measure)
            nemenyi_p = _nemenyi_p(test, *names)
            word = found.word(higher=higher)
            rows.append(
                {
                    "metric": measure,
                    "run_a": second,
                    "run_b": first,
                    **_numbers(found),
                    "effect_size": rank_biserial(a, b),
                    "nemenyi_p": nemenyi_p,
                    "word": word,
                    "data": measured.dataset_label(second),
                    "ranks_differ": ranks_differ(word, nemenyi_p, _blocks_of(test)),
                }
            )
    table = pd.DataFrame(rows, columns=[*PAIR_COLUMNS, *OVER_TRAININGS])
    return table.sort_values("metric", key=lambda m: m.map(list(MEASURES).index), kind="stable")


OVER_TRAININGS = [
    *["p", "seeds_a", "seeds_b", "seed_sd", "seed_df", "df", "detectable", "image_variance"],
    *["images", "interval", "word", "data", "ranks_differ"],
]
"""What a pair says beside ``PAIR_COLUMNS``; p is NaN without enough trainings."""


def _numbers(found: RunDifference) -> dict[str, object]:
    one = found.difference
    return {
        "difference": one.estimate,
        "ci_low": found.low,
        "ci_high": found.high,
        "n": found.n,
        "p": one.p if found.enough else float("nan"),
        "seeds_a": one.seeds_a,
        "seeds_b": one.seeds_b,
        "seed_sd": one.seed_sd,
        "seed_df": one.seed_df,
        "df": one.df,
        "detectable": one.detectable,
        "image_variance": one.image_variance,
        "images": one.images,
        "interval": found.interval,
    }


def ranks_differ(word: str | None, nemenyi_p: float, blocks: int, alpha: float = 0.05) -> str:
    """One sentence where mean ranks and the paired interval decide differently; "" elsewhere."""
    apart = word in ("better", "worse")
    if word is None or np.isnan(nemenyi_p) or apart == (nemenyi_p < alpha):
        return ""
    if apart:
        return (
            f"The interval tells the two apart, mean ranks do not: they see {blocks} blocks, each "
            "of one weight, and allow for all pairs; the interval counts."
        )
    return (
        "Mean ranks tell the two apart, the interval does not: ranks see neither how large a "
        "difference is nor how far trainings differ; the interval counts."
    )


def _blocks_of(test: tuple[list[str], NemenyiResult] | None) -> int:
    return 0 if test is None else test[1].n_blocks


def compared_runs(measured: Measured) -> Iterator[tuple[str, str]]:
    """(earlier run, later run) of every pair that is compared."""
    return ((first, second) for first, second, _ in _compared(measured))


def _compared(measured: Measured) -> Iterator[tuple[str, str, str]]:
    """(earlier run, later run, set): pairs of every set, then what the report compares."""
    seen = set()
    params = measured.params
    settings = measured.study.significance
    ranked = {} if settings is None else _sets(measured, settings)
    for name, systems in ranked.items():
        members = [run for run in measured.runs if system(measured, run) in systems]
        for first, second in combinations(members, 2):
            same = params.run(first).dataset == params.run(second).dataset
            if same and (first, second) not in seen:
                seen.add((first, second))
                yield first, second, name
    for run, baseline in measured.study.report.comparisons.items():
        if not {(run, baseline), (baseline, run)} & seen:
            yield baseline, run, ""


def paired(
    a: pd.DataFrame, b: pd.DataFrame, measure: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values of a and of b on the questions both have, and the image of each.

    Raises:
        BadData: they have none in common.
    """
    columns = ["question_id", "image_id", measure]
    both = a[columns].merge(b[columns], on=["question_id", "image_id"])
    if both.empty:
        raise BadData(
            "data/scores: two runs have no test question in common; "
            "compare runs of the same data set only"
        )
    values = (both[f"{measure}_{side}"].to_numpy(dtype=np.float64) for side in "xy")
    return *values, both["image_id"].to_numpy()


def _nemenyi_p(test: tuple[list[str], NemenyiResult] | None, first: str, second: str) -> float:
    if test is None or first not in test[0] or second not in test[0]:
        return float("nan")
    systems, result = test
    return float(result.p[systems.index(first), systems.index(second)])
