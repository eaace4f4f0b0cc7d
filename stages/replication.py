"""``vqax replication``: is a study's result found again by trainings with other seeds?"""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from project.differences import RunDifference, run_difference
from project.params import Params
from project.significance import MEASURES, compared_runs
from project.study import Measured
from project.workspace import Workspace
from vqax.errors import UsageError
from vqax.files import write_parquet
from vqax.stats.prediction_interval import prediction_interval
from vqax.stats.seed_variance import SeedVariance

COLUMNS = [
    *["study", "metric", "run_a", "run_b", "data", "first", "second"],
    *["prediction_low", "prediction_high", "inside", "word_first", "word_second", "reversed"],
    *["seeds_first", "seeds_second", "seed_sd", "seed_df"],
]
Seeds = Sequence[int]


def run(
    params: Params, workspace: Workspace, study: str, *, first: Seeds = (), second: Seeds = ()
) -> dict[str, Any]:
    """Write results/replication.parquet: a row per difference, with the estimates of both halves.

    ``first`` and ``second`` are disjoint seeds; without them the seeds that all compared runs have
    are halved. ``inside``: the second estimate lies in the 95 % prediction interval of the first,
    whose s² is pooled over the family. ``reversed``: one half says better, the other worse.

    Raises:
        UsageError: the halves share a seed, one has none, or no run has seeds of both.
    """
    measured = Measured(params, workspace, study)
    pairs = list(compared_runs(measured))
    halves = _halves(measured, pairs, first, second)
    rows = [
        _row(measured, measure, a, b, halves)
        for (b, a), (measure, higher) in product(pairs, MEASURES.items())
        if _has(measured, measure, (a, b), halves)
    ]
    if not rows:
        raise UsageError(
            f"params.yaml: studies.{study}: no two compared runs have the seeds "
            f"{', '.join(map(str, (*halves[0], *halves[1])))}; train them (profile full), or name "
            "others by --first and --second"
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    write_parquet(workspace.results / "replication.parquet", table)
    known = table.dropna(subset="prediction_low")
    return {
        "differences": len(table),
        "with a prediction interval": len(known),
        "inside": int(known["inside"].sum()),
        "reversed": int(table["reversed"].sum()),
    }


def _halves(
    measured: Measured, pairs: list[tuple[str, str]], first: Seeds, second: Seeds
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if first or second:
        shared = set(first) & set(second)
        if shared or not first or not second:
            problem = f"both have {min(shared)}" if shared else "one of them has no seed"
            raise UsageError(f"--first, --second: {problem}; give two disjoint lists of seeds")
        return tuple(first), tuple(second)
    of_all = [set(_seeds(measured, run)) for pair in pairs for run in pair]
    shared = sorted(set.intersection(*of_all)) if of_all else []
    if len(shared) < 2:
        raise UsageError(
            f"params.yaml: studies.{measured.name}: its compared runs share {len(shared)} seed(s); "
            "train them with two or more (profile full), or name seeds by --first and --second"
        )
    middle = (len(shared) + 1) // 2
    return tuple(shared[:middle]), tuple(shared[middle:])


def _seeds(measured: Measured, run: str) -> list[int]:
    return [measured.params.seed_of(one) for one in measured.seeds(run)]


def _has(
    measured: Measured, measure: str, runs: tuple[str, str], halves: tuple[Seeds, Seeds]
) -> bool:
    wanted = {*halves[0], *halves[1]}
    return all(
        wanted <= set(_seeds(measured, one))
        and all(measure in table for table in measured.questions_by_seed[one])
        for one in runs
    )


def _row(
    measured: Measured, measure: str, a: str, b: str, halves: tuple[Seeds, Seeds]
) -> dict[str, Any]:
    before, after = (run_difference(measured, measure, a, b, seeds=half) for half in halves)
    low, high = _predicted(before, halves)
    words = [one.word(higher=MEASURES[measure]) for one in (before, after)]
    estimate = after.difference.estimate
    return {
        "study": measured.name,
        "metric": measure,
        "run_a": a,
        "run_b": b,
        "data": measured.dataset_label(a),
        "first": before.difference.estimate,
        "second": estimate,
        "prediction_low": low,
        "prediction_high": high,
        "inside": bool(low <= estimate <= high),
        "word_first": words[0],
        "word_second": words[1],
        "reversed": set(words) == {"better", "worse"},
        "seeds_first": len(halves[0]),
        "seeds_second": len(halves[1]),
        "seed_sd": before.difference.seed_sd,
        "seed_df": before.difference.seed_df,
    }


def _predicted(before: RunDifference, halves: tuple[Seeds, Seeds]) -> tuple[float, float]:
    """Where the second estimate is expected, on the same test images; NaN where s² is unknown."""
    one = before.difference
    if not one.seed_df:
        return np.nan, np.nan
    seeds = SeedVariance(one.seed_sd**2, one.seed_df)
    old, new = ([len(half)] * 2 for half in halves)
    return prediction_interval(one.estimate, seeds, old=old, new=new)
