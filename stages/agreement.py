"""Stage ``agreement``: what every model of a data set is read against.

Other people on the same question are the ceiling of agreement with human attention. Floors are
what knows no image: maps of ``vqax.alignment.floors``, and answers by the question type alone.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from project.dataset import Prepared, load_prepared
from project.human_maps import read_human_maps
from project.params import Params, named
from project.resolve import data_plan
from project.workspace import Workspace
from vqax.alignment.floors import FLOORS
from vqax.files import write_parquet
from vqax.learning.bias import answer_bias
from vqax.metrics import MAP_METRICS
from vqax.metrics.accuracy import ANSWER_TYPES, accuracies
from vqax.metrics.answer_controls import random_answers
from vqax.metrics.inter_annotator_agreement import human_alignment, inter_annotator_agreement
from vqax.report.columns import METRIC_COLUMNS
from vqax.stats.bootstrap import bootstrap_mean

HUMAN, RANDOM = "human", "random"
ACCURACY = "accuracy_official"
QUESTION = ["question_id", "image_id", "answer_type"]
Maps = dict[int, np.ndarray]


def run(params: Params, workspace: Workspace, dataset: str) -> dict[str, Any]:
    """Write questions.parquet, a row per test question and ``row``, and metrics.parquet.

    Rows: human, the four floors of maps (a data set without human maps has none of these),
    question_type_prior and random_predictions.
    """
    named(params.datasets, dataset, "data set", "params.yaml: datasets")
    prepared = load_prepared(data_plan(params, workspace, dataset))
    maps = read_human_maps(workspace.dataset(dataset) / "human_maps.h5")
    examples = pd.DataFrame(
        [(e.question_id, e.image_id, e.answer_type) for e in prepared.test], columns=QUESTION
    )
    rows = {
        **(_of_maps(maps, examples, params.seed) if maps else {}),
        **dict(_of_answers(prepared, examples, params.seed)),
    }
    questions = pd.concat([table.assign(row=row) for row, table in rows.items()], ignore_index=True)
    out = workspace.agreement(dataset)
    write_parquet(out / "questions.parquet", questions)
    metrics = [
        value for row, table in rows.items() for value in _metrics(table, params, dataset, row)
    ]
    table = pd.DataFrame(metrics, columns=METRIC_COLUMNS)
    write_parquet(out / "metrics.parquet", table)
    return {f"{row.run} {row.metric}": row.value for row in table.itertuples()}


def _of_maps(maps: Maps, examples: pd.DataFrame, seed: int) -> dict[str, pd.DataFrame]:
    """Human, and each floor, by every metric of maps."""
    human_maps, ids = list(maps.values()), np.array(list(maps))
    image = examples.set_index("question_id")["image_id"].reindex(ids).to_numpy()
    _, image = np.unique(image, return_inverse=True)
    question = np.repeat(np.arange(len(human_maps)), [len(one) for one in human_maps])
    densities = np.concatenate(human_maps).astype(np.float32)
    drawn = {
        name: np.asarray(make(densities, question, image, seed)) for name, make in FLOORS.items()
    }
    scores: dict[str, dict[str, np.ndarray]] = {HUMAN: {}, **{name: {} for name in FLOORS}}
    for name, metric in MAP_METRICS.items():
        between = inter_annotator_agreement(maps, metric.compute)
        scores[HUMAN][f"attention_{name}"] = np.array(list(between.values()), dtype=np.float64)
        for floor, values in drawn.items():
            found = human_alignment(metric.compute, values, human_maps)
            scores[floor][f"attention_{name}"] = found
    indexed = {row: pd.DataFrame(columns, index=ids) for row, columns in scores.items()}
    return {
        row: examples.join(table, on="question_id", how="inner").reset_index(drop=True)
        for row, table in indexed.items()
    }


def _of_answers(
    prepared: Prepared, examples: pd.DataFrame, seed: int
) -> Iterator[tuple[str, pd.DataFrame]]:
    """The most frequent answer of the question type in train, and one drawn from its answers."""
    priors, names = answer_bias(prepared.train, prepared.answers), prepared.answers.answers
    none = np.zeros(len(names))
    shares = np.stack([priors.get(e.question_type, none) for e in prepared.test])
    chosen = {
        "question_type_prior": np.where(shares.any(axis=1), shares.argmax(axis=1), -1),
        "random_predictions": random_answers(shares.astype(np.float64), seed),
    }
    for row, places in chosen.items():
        answers = ["" if place < 0 else names[place] for place in places]
        given = dict(zip(examples["question_id"], answers, strict=True))
        scores = accuracies(given, prepared.test, mode=prepared.accuracy)
        yield row, examples.assign(**{ACCURACY: scores})


def _metrics(
    table: pd.DataFrame, params: Params, dataset: str, row: str
) -> Iterator[tuple[Any, ...]]:
    """Means over the test questions; uniform noise is also called random, as tables have it."""
    names = [row, RANDOM] if row == "uniform_noise" else [row]
    for name in (f"{dataset}/{one}" for one in names):
        for metric, kind in MAP_METRICS.items():
            if f"attention_{metric}" in table:
                mean = _mean(table, f"attention_{metric}", params)
                yield name, f"attention_{metric}", *mean, kind.unit, kind.direction
        if ACCURACY in table:
            parts = {ANSWER_TYPES[key]: part for key, part in table.groupby("answer_type")}
            for kind_of, part in {"all": table, **parts}.items():
                mean = _mean(part, ACCURACY, params)
                yield name, f"accuracy_{kind_of}", *mean, "fraction", "higher"


def _mean(table: pd.DataFrame, column: str, params: Params) -> tuple[float, float, float, int]:
    mean = bootstrap_mean(
        table[column].to_numpy(dtype=np.float64),
        samples=params.score.resamples,
        seed=params.seed,
        clusters=table["image_id"].to_numpy(),
    )
    return (*mean[:3], mean.n)
