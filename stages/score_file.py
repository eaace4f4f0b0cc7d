"""``vqax score --results``: anybody's predictions against the official files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vqax.accuracy_rules import Mode, answers_per_question
from vqax.data import Example, read_results, read_split
from vqax.data.split import nothing_left
from vqax.errors import BadData
from vqax.metrics.accuracy import accuracies


def run(questions: Path, annotations: Path, results: Path, mode: Mode) -> dict[str, Any]:
    """Accuracy in percent, overall and by answer and question type, as the evaluator prints it.

    Raises:
        BadData: an unusable entry, a question without a prediction, or the reverse; or there is
            nothing to score.
    """
    examples, skipped = read_split(
        questions, annotations, strict=True, answers=answers_per_question(mode)
    )
    if not examples:
        raise BadData(f"{questions}: nothing to score, {nothing_left('question', skipped)}")
    predictions = answers_to_all(results, examples)
    table = pd.DataFrame(
        {
            "accuracy": 100 * np.asarray(accuracies(predictions, examples, mode=mode)),
            "answer_type": [example.answer_type for example in examples],
            "question_type": [example.question_type for example in examples],
        }
    )
    return {
        "mode": mode,
        "questions": len(examples),
        "overall": round(float(table["accuracy"].mean()), 2),
        "by answer type": _means(table, "answer_type"),
        "by question type": _means(table, "question_type"),
    }


def answers_to_all(results: Path, examples: Sequence[Example]) -> dict[int, str]:
    """The predictions of an official results file, one per example.

    Raises:
        BadData: an unusable entry, a question without a prediction, or the reverse.
    """
    predictions = read_results(results, known={example.question_id for example in examples})
    missing = [e.question_id for e in examples if e.question_id not in predictions]
    if missing:
        raise BadData(
            f"{results}: {len(missing)} of {len(examples)} questions have no prediction, the first "
            f"is question_id {missing[0]}; the official evaluator wants every question of the split"
        )
    return predictions


def _means(table: pd.DataFrame, column: str) -> dict[str, float]:
    return table.groupby(column)["accuracy"].mean().round(2).to_dict()
