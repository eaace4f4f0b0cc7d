"""A study trained again with other seeds, on made-up scores."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from project.params import Params
from project.study import Measured
from stages import replication
from tests.stages.test_study import STUDY, measured, rewrite, settings
from vqax.errors import UsageError
from vqax.stats.prediction_interval import prediction_interval
from vqax.stats.seed_variance import pooled_seed_variance

SEEDS = list(range(20, 28))
RUNS = {"mcb": SEEDS, "mcb_ve": SEEDS}
FIRST, SECOND = SEEDS[:4], SEEDS[4:]


def study(folder: Path, runs: dict[str, list[int]] = RUNS) -> tuple[Params, Measured]:
    params = settings(runs)
    return params, measured(folder, params)


def table(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "results" / "replication.parquet")


def test_every_difference_has_a_row_with_both_estimates(tmp_path: Path) -> None:
    params, made = study(tmp_path)
    summary = replication.run(params, made.workspace, STUDY)
    found = table(tmp_path).set_index("metric")
    values = {run: made.by_training(run, "margin") for run in RUNS}
    for half, column in ((FIRST, "first"), (SECOND, "second")):
        expected = values["mcb_ve"][half].mean(axis=None) - values["mcb"][half].mean(axis=None)
        assert found.loc["margin", column] == pytest.approx(expected)
    seeds = pooled_seed_variance([one[FIRST].mean().to_numpy() for one in values.values()])
    low, high = prediction_interval(found.loc["margin", "first"], seeds, old=[4, 4], new=[4, 4])
    row = found.loc["margin"]
    assert (row["prediction_low"], row["prediction_high"]) == pytest.approx((low, high))
    assert row["inside"] == (low <= row["second"] <= high)
    assert (row["seeds_first"], row["seeds_second"], row["seed_df"]) == (4, 4, 6)
    assert summary["differences"] == len(found) == 3
    assert summary["inside"] == found["inside"].sum()


def test_a_verdict_that_turns_around_is_counted(tmp_path: Path) -> None:
    params, made = study(tmp_path)
    for run, better in (("mcb", FIRST), ("mcb_ve", SECOND)):
        for name, seed in zip(made.seeds(run), SEEDS, strict=True):
            noise = np.random.default_rng(seed).normal(scale=0.01, size=9)
            rewrite(made, name, margin=(1.0 if seed in better else 0.0) + noise)
    summary = replication.run(params, made.workspace, STUDY, first=FIRST, second=SECOND)
    row = table(tmp_path).set_index("metric").loc["margin"]
    assert (row["word_first"], row["word_second"]) == ("worse", "better")
    assert row["reversed"]
    assert not row["inside"]
    assert summary["reversed"] >= 1


def test_one_seed_a_half_of_one_configuration_predicts_nothing(tmp_path: Path) -> None:
    params, made = study(tmp_path, {"mcb": [20, 21], "mcb_ve": [20, 21]})
    summary = replication.run(params, made.workspace, STUDY)
    assert summary["with a prediction interval"] == 0
    assert not table(tmp_path)["inside"].any()


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [([20, 21], [21, 22], "both have 21"), ([20], [], "one of them has no seed")],
)
def test_halves_are_disjoint(
    tmp_path: Path, first: list[int], second: list[int], problem: str
) -> None:
    params, made = study(tmp_path)
    with pytest.raises(UsageError, match=f"--first, --second: {problem}"):
        replication.run(params, made.workspace, STUDY, first=first, second=second)


def test_seeds_that_nothing_was_trained_with(tmp_path: Path) -> None:
    params, made = study(tmp_path)
    with pytest.raises(UsageError, match="no two compared runs have the seeds 1, 2"):
        replication.run(params, made.workspace, STUDY, first=[1], second=[2])
    params, made = study(tmp_path, {"mcb": [20], "mcb_ve": [20]})
    with pytest.raises(UsageError, match=r"share 1 seed\(s\)"):
        replication.run(params, made.workspace, STUDY)
