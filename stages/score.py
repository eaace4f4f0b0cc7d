"""Stage ``score``: every metric of one run, per question and as means with intervals."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from project.human_maps import read_human_maps
from project.maps import read_maps
from project.params import Params
from project.plan import ScorePlan
from project.region_relevance import relevance_scores
from project.resolve import score_plan
from project.workspace import Workspace
from vqax.files import read_parquet, write_parquet
from vqax.metrics import MAP_METRICS, METRICS, REGION_METRICS
from vqax.metrics.accuracy import ANSWER_TYPES
from vqax.metrics.calibration import (
    aurc,
    brier_score,
    expected_calibration_error,
    misclassification_auroc,
)
from vqax.metrics.inter_annotator_agreement import human_alignment
from vqax.metrics.resize import rectify, resize_area
from vqax.metrics.ties import right_answers
from vqax.stats.bootstrap import Interval, bootstrap_mean, bootstrap_statistic
from vqax.stats.contrast import correlation, statistic_contrast

ATTENTION = "attention_rank_correlation"
UNCERTAINTIES = ("aleatoric", "epistemic", "entropy", "predictive", "evidential")


class Value(NamedTuple):
    """A row of metrics.parquet."""

    metric: str
    value: float
    ci_low: float
    ci_high: float
    n: int
    unit: str
    direction: str


def run(params: Params, workspace: Workspace, name: str, *, workers: int = 2) -> dict[str, Any]:
    """Write questions.parquet and metrics.parquet of run ``name``."""
    plan = score_plan(params, workspace, name)
    questions = read_parquet(plan.explanations / "predictions.parquet")
    human_maps = read_human_maps(plan.data / "human_maps.h5")
    for method, maps in _maps(plan.explanations):
        scores = _map_scores(maps, questions, human_maps, plan, workers)
        questions = questions.assign(
            **{f"{method}_{metric}": values for metric, values in scores.items()}
        )
    questions = questions.assign(**relevance_scores(plan.explanations, plan.data, questions))
    write_parquet(plan.out / "questions.parquet", questions)
    metrics = pd.DataFrame(_metrics(questions, plan.resamples, plan.seed))
    metrics.insert(0, "run", name)
    write_parquet(plan.out / "metrics.parquet", metrics)
    return dict(zip(metrics["metric"], metrics["value"], strict=True))


def _maps(source: Path) -> Iterator[tuple[str, pd.Series]]:
    """Method -> its maps on the 14×14 grid by question id, negative evidence set to 0."""
    for method, ids, maps in read_maps(source):
        yield method, pd.Series(list(rectify(resize_area(maps))), index=ids)


def _map_scores(
    maps: pd.Series,
    questions: pd.DataFrame,
    human_maps: dict[int, np.ndarray],
    plan: ScorePlan,
    workers: int,
) -> dict[str, np.ndarray]:
    """Each map metric per question; NaN where there is no human map or the map is constant."""
    ids = questions["question_id"].to_numpy()
    own = np.stack(maps.loc[ids].to_list())
    seen = np.array([question_id in human_maps for question_id in ids])
    chosen = {
        metric: _sample(seen, plan.emd_questions if metric == "emd" else None, plan.seed)
        for metric in MAP_METRICS
    }
    scores = {metric: np.full(len(ids), np.nan) for metric in MAP_METRICS}
    for metric, rows in chosen.items():
        options = {"workers": workers} if metric == "emd" else {}
        compute = MAP_METRICS[metric].compute
        scores[metric][rows] = human_alignment(
            lambda a, b, compute=compute, options=options: compute(a, b, **options),
            own[rows],
            [human_maps[int(question_id)] for question_id in ids[rows]],
        )
    return scores


def _sample(seen: np.ndarray, size: int | None, seed: int) -> np.ndarray:
    rows = np.flatnonzero(seen)
    if size is None or size >= len(rows):
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, size=size, replace=False))


def _metrics(questions: pd.DataFrame, resamples: int, seed: int) -> Iterator[Value]:
    yield from _accuracies(questions, resamples, seed)
    means = [c for c in questions if c.endswith((*MAP_METRICS, *REGION_METRICS))]
    means += [*UNCERTAINTIES, "probability_variance", "nll_of_error", "margin"]
    for column in means:
        kind = METRICS[max((name for name in METRICS if column.endswith(name)), key=len)]
        interval = _mean(questions, column, resamples, seed)
        yield Value(column, *interval, kind.unit, kind.direction)
    yield from _failures(questions, resamples, seed)
    yield from _uncertainty_map_correlation(questions, resamples, seed)
    aleatoric = questions["aleatoric"].to_numpy(dtype=np.float64)
    spread = bootstrap_statistic(
        np.var,
        aleatoric,
        samples=resamples,
        seed=seed,
        clusters=questions["image_id"].to_numpy(),
    )
    yield Value("aleatoric_across_questions", *spread, "squared variance", "lower")


def _accuracies(questions: pd.DataFrame, resamples: int, seed: int) -> Iterator[Value]:
    """By both rules; the official one by answer type too, under the names of the tables."""
    yield Value(
        "accuracy_simple",
        *_mean(questions, "accuracy_simple", resamples, seed),
        "fraction",
        "higher",
    )
    parts = {ANSWER_TYPES[key]: part for key, part in questions.groupby("answer_type")}
    for name, part in {"all": questions, **parts}.items():
        interval = _mean(part, "accuracy_official", resamples, seed)
        yield Value(f"accuracy_{name}", *interval, "fraction", "higher")


def _mean(questions: pd.DataFrame, column: str, resamples: int, seed: int) -> Interval:
    return bootstrap_mean(
        questions[column].to_numpy(dtype=np.float64),
        samples=resamples,
        seed=seed,
        clusters=questions["image_id"].to_numpy(),
    )


def _uncertainty_map_correlation(
    questions: pd.DataFrame, resamples: int, seed: int
) -> Iterator[Value]:
    """Does uncertainty follow where the model looks? ρ with the attention's rank correlation.

    Over the questions with a human map; negative if a run that looks where people look is surer.
    """
    if ATTENTION not in questions:
        return
    samples = min(resamples, 500)
    for name in UNCERTAINTIES:
        seen = questions.dropna(subset=[name, ATTENTION])
        if len(seen):
            pair = seen[[name, ATTENTION]].to_numpy(dtype=np.float64).T
            images = seen["image_id"].to_numpy()
            found = statistic_contrast(
                correlation, *pair, clusters=images, samples=samples, seed=seed
            )
            interval = (found.value, found.low, found.high, found.n)
            yield Value(f"uncertainty_map_correlation_{name}", *interval, "Spearman's rho", "lower")


def _failures(questions: pd.DataFrame, resamples: int, seed: int) -> Iterator[Value]:
    """Does uncertainty tell wrong from right, and are the probabilities honest?"""
    accuracy = questions["accuracy_official"].to_numpy(dtype=np.float64)
    right = right_answers(accuracy)
    images = questions["image_id"].to_numpy()
    draws = {"samples": min(resamples, 500), "seed": seed, "clusters": images}
    for name in UNCERTAINTIES:
        uncertainty = questions[name].to_numpy(dtype=np.float64)
        interval = bootstrap_statistic(misclassification_auroc, uncertainty, right, **draws)
        yield Value(f"auroc_{name}", *interval, "probability", "higher")
    confidence = questions["top5_probabilities"].str[0].to_numpy(dtype=np.float64)
    entropy = questions["entropy"].to_numpy(dtype=np.float64)
    for name, statistic, first in (
        ("ece", expected_calibration_error, confidence),
        ("brier", brier_score, confidence),
        ("aurc", aurc, entropy),
    ):
        interval = bootstrap_statistic(statistic, first, accuracy, **draws)
        yield Value(name, *interval, METRICS[name].unit, "lower")
