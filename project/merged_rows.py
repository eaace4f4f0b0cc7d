"""Rows of a table that are the mean of two sets of questions, which may share images."""

import numpy as np
import pandas as pd

from project.study import Measured
from vqax.errors import UsageError
from vqax.files import read_parquet
from vqax.metrics.accuracy import ANSWER_TYPES
from vqax.stats.bootstrap import bootstrap_mean_of_means

TYPE_OF = {"accuracy_all": None} | {f"accuracy_{name}": kind for kind, name in ANSWER_TYPES.items()}


def mean_of_two(
    measured: Measured, first: str, second: str, metrics: tuple[str, ...]
) -> pd.DataFrame:
    """The accuracies ``metrics`` of two sources, averaged; indexed by metric.

    Intervals draw images, each for both sources at once.

    Raises:
        UsageError: a metric that is no accuracy.
    """
    for metric in metrics:
        if metric not in TYPE_OF:
            raise UsageError(
                f"params.yaml: studies.{measured.name}: {metric} of {first} and {second}: only "
                f"{', '.join(TYPE_OF)} are averaged; take average_with or the metric out"
            )
    both = [answers(measured, source) for source in (first, second)]
    settings = {"samples": measured.params.score.resamples, "seed": measured.params.seed}
    rows = {}
    for metric in metrics:
        found = bootstrap_mean_of_means(*(_of_type(table, metric) for table in both), **settings)
        rows[metric] = dict(zip(("value", "ci_low", "ci_high", "n"), found, strict=True))
    seeds = min(_seeds(measured, source) for source in (first, second))
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.assign(unit="fraction", seeds=seeds, by_seed=None)


def answers(measured: Measured, source: str) -> pd.DataFrame:
    """A row per question that a run, or a row of an analysis, was asked."""
    analysis, of_analysis, row = source.partition("/")
    if not of_analysis:
        return measured.questions[source]
    table = read_parquet(measured.workspace.analysis(analysis) / "questions.parquet")
    return table[table["row"] == row]


def _of_type(questions: pd.DataFrame, metric: str) -> tuple[np.ndarray, np.ndarray]:
    kind = TYPE_OF[metric]
    chosen = questions if kind is None else questions[questions["answer_type"] == kind]
    return chosen["accuracy_official"].to_numpy(dtype=float), chosen["image_id"].to_numpy()


def _seeds(measured: Measured, source: str) -> int:
    return 1 if "/" in source else len(measured.seeds(source))
