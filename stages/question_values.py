"""Per-question values of one training from a file: Parquet, CSV, or official results."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

import pandas as pd

from stages.score_file import answers_to_all
from vqax.accuracy_rules import Mode, answers_per_question
from vqax.data import Example, read_split
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.metrics.accuracy import ACCURACIES, accuracies

ACCURACY = "accuracy_"
READERS = {".parquet": pd.read_parquet, ".csv": pd.read_csv}


def read_table(path: Path) -> pd.DataFrame:
    """A table of question_id, image_id and values.

    Raises:
        MissingArtefact: there is no such file.
        BadData: it is not readable in the format that its name says.
    """
    if not path.exists():
        raise MissingArtefact(f"{path}: no such file; give a Parquet, CSV or results JSON file")
    reader = READERS[_kind(path)]
    try:
        return reader(path)
    except (OSError, ValueError) as error:  # what pandas and pyarrow raise of a cut file
        raise BadData(
            f"{path}: not a readable {_kind(path)[1:]} file ({error}); write it again"
        ) from error


@dataclass(frozen=True, eq=False)
class OfficialSplit:
    """The questions and annotations that results are scored with, read once for all of them."""

    questions: Path
    annotations: Path

    def examples(self, rules: Collection[Mode]) -> list[Example]:
        """Questions with as many answers as every one of the rules compares."""
        numbers = {answers_per_question(rule) for rule in rules} - {None}
        return _examples(self, max(numbers, default=None))

    def table(self, results: Path, columns: Sequence[str]) -> pd.DataFrame:
        """The accuracies of the answers in ``results`` by the rules that ``columns`` name.

        Raises:
            UsageError: a column is no accuracy.
            BadData: as ``answers_to_all``.
        """
        rules = {column: _rule(column) for column in columns}
        examples = self.examples(rules.values())
        answers = answers_to_all(results, examples)
        return pd.DataFrame(
            {
                "question_id": [example.question_id for example in examples],
                "image_id": [example.image_id for example in examples],
                **{column: accuracies(answers, examples, rule) for column, rule in rules.items()},
            }
        )


@lru_cache(maxsize=1)
def _examples(split: OfficialSplit, answers: int | None) -> list[Example]:
    return read_split(split.questions, split.annotations, strict=True, answers=answers).examples


def read_values(path: Path, columns: Sequence[str], split: OfficialSplit | None) -> pd.DataFrame:
    """The table of one training; of a results file, question_id, image_id and ``columns``.

    Raises:
        UsageError: a results file without questions and annotations, or another format.
        MissingArtefact, BadData: as ``read_table`` and ``OfficialSplit.table``.
    """
    if _kind(path) != ".json":
        return read_table(path)
    if split is None:
        raise UsageError(
            f"{path}: results say nothing about right and wrong; give --questions and --annotations"
        )
    return split.table(path, columns)


def _kind(path: Path) -> str:
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    kind = suffixes[-1] if suffixes else ""
    if kind not in (*READERS, ".json"):
        raise UsageError(f"{path}: unknown format; give a .parquet, .csv or .json file")
    return kind


def _rule(column: str) -> Mode:
    rule = column.removeprefix(ACCURACY)
    if not column.startswith(ACCURACY) or rule not in ACCURACIES:
        known = ", ".join(f"{ACCURACY}{name}" for name in ACCURACIES)
        raise UsageError(f"--metric {column}: results have only {known}; name one of these")
    return cast(Mode, rule)
