"""AttReg figures 7a and 7b: do the regions of high weight move the answer?

A region counts by what happens when it is taken away, the others staying. Asked of the attention
and of Grad-CAM, and of weights that are random, which no question can be answered by.
"""

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
from pydantic import Field

from project.metric_rows import mean_of, write_metrics
from project.params import Params
from project.resolve import run_plan
from project.schema import Positive
from project.trained import Trained, load_trained
from project.workspace import Workspace
from vqax.explain import EXPLAINERS
from vqax.explain.region_ablation import answers_by_part, without_each
from vqax.files import write_parquet
from vqax.learning.batches import Batch
from vqax.metrics.accuracy import ACCURACIES
from vqax.metrics.faithfulness import by_rank, parts_by_rank
from vqax.metrics.rank_correlation import rank_correlation
from vqax.models.options import option

NAME, RANDOM = "faithfulness", "random"
BATCH = 64
Names = Annotated[list[str], Field(min_length=1)]
RANKS = ["run", "method", "rank", "tvd", "ci_low", "ci_high", "accuracy_drop", "n"]
PARTS = ["run", "method", "part", "accuracy", "ci_low", "ci_high", "n"]


def run(
    params: Params,
    workspace: Workspace,
    *,
    dataset: str,  # noqa: ARG001  names the features that the stage depends on
    runs: Names,
    methods: Names,
    parts: Positive = 10,
    scores: str = "sigmoid",
    questions: Positive | None = None,
) -> dict[str, Any]:
    """Write ranks.parquet, parts.parquet, questions.parquet and metrics.parquet.

    ranks: mean total variation of the answers' ``scores`` and drop of the accuracy when the
    region of that rank (1 the highest weight) is taken away. parts: accuracy with the regions of
    one of ``parts`` shares alone (1 the highest weights). The answer explained is the run's own.
    ``methods`` are explainers of cells, and random; the first ``questions`` are asked, or all.
    """
    frames = []
    for name in runs:
        loaded = load_trained(run_plan(params, workspace, name))
        loaded = loaded.restricted_to(loaded.examples[:questions])
        frames += list(_questions(loaded, methods, parts, scores, params.seed))
    table = pd.concat(frames, ignore_index=True)
    ranks = pd.DataFrame(_ranks(table, params), columns=RANKS)
    shares = pd.DataFrame(_parts(table, params), columns=PARTS)
    out = workspace.analysis(NAME)
    for file, frame in (("questions", table), ("ranks", ranks), ("parts", shares)):
        write_parquet(out / f"{file}.parquet", frame)
    return write_metrics(out, _metrics(table, ranks, shares, params))


def _questions(
    loaded: Trained, methods: list[str], parts: int, scores: str, seed: int
) -> Iterator[pd.DataFrame]:
    """Of each question and method, by rank: change and drop; by part: accuracy (lists)."""
    known = loaded.prepared.answers.answers
    accuracy = ACCURACIES[loaded.prepared.accuracy]
    for start, batch in loaded.batches(BATCH):
        examples = loaded.examples[start : start + len(batch.question_ids)]

        def right(answers: torch.Tensor, examples: list[Any] = examples) -> np.ndarray:
            """The accuracy of each answer, in the shape of ``answers``."""
            rows = [
                [accuracy(known[a], example.answers) for a in np.atleast_1d(row)]
                for row, example in zip(answers.cpu().numpy(), examples, strict=True)
            ]
            return np.array(rows).reshape(answers.shape)

        found = without_each(loaded.model, batch.visual, batch.tokens, scores=scores)
        whole = right(found.answers)
        drop = whole[:, None] - right(found.without)
        change = found.change.cpu().numpy().astype(np.float64)
        for method in methods:
            weights = _weights(loaded, batch, method, found.answers, seed)
            share = torch.from_numpy(parts_by_rank(weights, parts)).to(batch.visual.device)
            alone = answers_by_part(loaded.model, batch.visual, batch.tokens, share)
            fifths = torch.from_numpy(parts_by_rank(weights, 5)).to(batch.visual.device)
            halves = answers_by_part(loaded.model, batch.visual, batch.tokens, fifths.clamp(max=1))
            yield pd.DataFrame(
                {
                    "run": loaded.name,
                    "method": method,
                    "question_id": [example.question_id for example in examples],
                    "image_id": [example.image_id for example in examples],
                    "rank_correlation": rank_correlation(weights[:, None], change[:, None]),
                    "tvd": list(by_rank(change, weights)),
                    "accuracy_drop": list(by_rank(drop, weights)),
                    "accuracy": list(right(alone)),
                    **dict(zip(("top_fifth", "rest"), right(halves).T, strict=True)),
                    "all": whole,
                }
            )


def _weights(
    loaded: Trained, batch: Batch, method: str, answers: torch.Tensor, seed: int
) -> np.ndarray:
    """A weight for each region (b, l)."""
    regions = batch.visual.shape[1]
    if method == RANDOM:
        return np.stack(
            [np.random.default_rng([seed, q]).random(regions) for q in batch.question_ids.tolist()]
        )
    explain = option(EXPLAINERS, method, f"analyses.{NAME}.methods")
    maps = explain(loaded.model, batch.visual, batch.tokens, answers, loaded.feature_file.grid)
    return maps.detach().double().cpu().numpy().reshape(len(answers), regions)


def _stacked(table: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    """The lists of a column as (n, k), and the images that the questions are about."""
    return np.stack(table[column].to_list()), table["image_id"].to_numpy()


def _ranks(table: pd.DataFrame, params: Params) -> Iterator[tuple[Any, ...]]:
    for (name, method), part in table.groupby(["run", "method"], sort=False):
        changes, images = _stacked(part, "tvd")
        drops = np.stack(part["accuracy_drop"].to_list()).mean(axis=0)
        for rank, (column, drop) in enumerate(zip(changes.T, drops, strict=True), start=1):
            mean = mean_of(column, images, params)
            yield name, method, rank, *mean[:3], drop, mean.n


def _parts(table: pd.DataFrame, params: Params) -> Iterator[tuple[Any, ...]]:
    for (name, method), part in table.groupby(["run", "method"], sort=False):
        accuracies, images = _stacked(part, "accuracy")
        for number, column in enumerate(accuracies.T, start=1):
            yield name, method, number, *mean_of(column, images, params)


def _metrics(
    table: pd.DataFrame, ranks: pd.DataFrame, shares: pd.DataFrame, params: Params
) -> Iterator[tuple[Any, ...]]:
    """What the claims read, of run and method as the row ``faithfulness/RUN_METHOD``.

    ``…_trend``: Spearman's correlation of the curve with its place, -1 where it always falls.
    """
    for (name, method), part in table.groupby(["run", "method"], sort=False):
        row = f"{NAME}/{name}_{method}"
        images = part["image_id"].to_numpy()
        per_question = part["rank_correlation"].to_numpy(dtype=np.float64)
        mean = mean_of(per_question, images, params)
        yield row, "tvd_rank_correlation", *mean, "Spearman's rho", "higher"
        accuracies, _ = _stacked(part, "accuracy")
        changes, _ = _stacked(part, "tvd")
        last = changes[:, -max(1, round(11 / 36 * changes.shape[1])) :]
        for metric, values, unit, direction in (
            ("accuracy_highest_part", accuracies[:, 0], "fraction", "higher"),
            ("accuracy_lowest_part", accuracies[:, -1], "fraction", "lower"),
            ("accuracy_part_gap", accuracies[:, 0] - accuracies[:, -1], "fraction", "higher"),
            ("tvd_first_rank", changes[:, 0], "probability", "higher"),
            ("tvd_last_ranks", last.mean(axis=1), "probability", "lower"),
        ):
            yield row, metric, *mean_of(values, images, params), unit, direction
        for metric, curve in (
            ("tvd_trend", _of(ranks, name, method)["tvd"]),
            ("accuracy_trend", _of(shares, name, method)["accuracy"]),
        ):
            trend = _trend(curve.to_numpy(dtype=np.float64))
            yield row, metric, trend, np.nan, np.nan, len(curve), "Spearman's rho", "lower"


def _of(curves: pd.DataFrame, name: str, method: str) -> pd.DataFrame:
    return curves[(curves["run"] == name) & (curves["method"] == method)]


def _trend(curve: np.ndarray) -> float:
    places = np.arange(len(curve), dtype=np.float64)
    return float(rank_correlation(curve[None, None], places[None, None])[0])
