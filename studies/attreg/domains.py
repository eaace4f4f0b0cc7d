"""Does a gain out of domain cost accuracy in domain? (AttReg, table 4; Teney et al. 2020.)

In domain are the questions held out of train, whose priors are those of train; out of domain is
the test part of the changing priors. The plain baselines answer without looking.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch

from project.dataset import Prepared, load_prepared
from project.metric_rows import column_mean, write_metrics
from project.params import Params
from project.resolve import data_plan, run_plan
from project.trained import load_trained
from project.workspace import Workspace
from vqax.accuracy_rules import Mode
from vqax.data import Example
from vqax.files import write_parquet
from vqax.learning.bias import answer_bias
from vqax.metrics.accuracy import ANSWER_TYPES, accuracies
from vqax.metrics.answer_controls import inverted, random_answers, top_answer_masked

NAME = "domains"
PARTS = {"in": "validation", "out": "test"}
BATCH = 256
Answered = tuple[str, list[Example], list[str]]


def run(
    params: Params, workspace: Workspace, *, dataset: str, runs: list[str], masked: str
) -> dict[str, Any]:
    """Write questions.parquet and metrics.parquet: rows RUN_in, and controls with _in and _out.

    ``runs`` are asked in domain; their test part is in their scores. ``masked`` is the run whose
    best answer is withheld (TopAnsMasked).
    """
    prepared = load_prepared(data_plan(params, workspace, dataset))
    answered = [
        *_baselines(prepared, params.seed),
        *(_of_run(params, workspace, name, "in", masked=False) for name in runs),
        *(_of_run(params, workspace, masked, where, masked=True) for where in PARTS),
    ]
    questions = pd.concat([_table(*one, prepared.accuracy) for one in answered], ignore_index=True)
    out = workspace.analysis(NAME)
    write_parquet(out / "questions.parquet", questions)
    values = write_metrics(out, _metrics(questions, params))
    return {row: value for row, value in values.items() if row.endswith(" accuracy_all")}


def _baselines(prepared: Prepared, seed: int) -> Iterator[Answered]:
    """Answers drawn from the prior of the question type in train, and from its inverse."""
    priors, names = answer_bias(prepared.train, prepared.answers), prepared.answers.answers
    none = np.zeros(len(names))
    for where, part in PARTS.items():
        examples: list[Example] = getattr(prepared, part)
        shares = np.stack([priors.get(e.question_type, none) for e in examples]).astype(np.float64)
        for row, table in (("random", shares), ("random_inverted", inverted(shares))):
            drawn = random_answers(table, seed)
            yield f"{row}_{where}", examples, ["" if one < 0 else names[one] for one in drawn]


def _of_run(
    params: Params, workspace: Workspace, name: str, where: str, *, masked: bool
) -> Answered:
    loaded = load_trained(run_plan(params, workspace, name), part=PARTS[where])
    scores = []
    for _, batch in loaded.batches(BATCH):
        with torch.no_grad():
            scores.append(loaded.model(batch.visual, batch.tokens).logits.float().cpu().numpy())
    found = np.concatenate(scores)
    chosen = top_answer_masked(found) if masked else found.argmax(axis=1)
    names = loaded.prepared.answers.answers
    row = f"{name}_top_answer_masked_{where}" if masked else f"{name}_{where}"
    return row, loaded.examples, [names[one] for one in chosen]


def _table(row: str, examples: list[Example], answers: list[str], rule: Mode) -> pd.DataFrame:
    given = dict(zip((e.question_id for e in examples), answers, strict=True))
    return pd.DataFrame(
        {
            "question_id": [e.question_id for e in examples],
            "image_id": [e.image_id for e in examples],
            "answer_type": [e.answer_type for e in examples],
            "answer": answers,
            "accuracy_official": accuracies(given, examples, mode=rule),
            "row": row,
        }
    )


def _metrics(questions: pd.DataFrame, params: Params) -> Iterator[tuple[Any, ...]]:
    for row, table in questions.groupby("row", sort=False):
        parts = {ANSWER_TYPES[key]: part for key, part in table.groupby("answer_type")}
        for kind, part in {"all": table, **parts}.items():
            mean = column_mean(part, "accuracy_official", params)
            yield f"{NAME}/{row}", f"accuracy_{kind}", *mean, "fraction", "higher"
