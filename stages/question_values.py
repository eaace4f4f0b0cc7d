"""Per-question values of one training from a file: Parquet, CSV, or official results."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from stages.score_file import answers_to_all
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


@dataclass(frozen=True)
class OfficialSplit:
    """The questions and annotations that results are scored with."""

    questions: Path
    annotations: Path

    @cached_property
    def examples(self) -> list[Example]:
        return list(read_split(self.questions, self.annotations, strict=True).examples)

    def table(self, results: Path, columns: Sequence[str]) -> pd.DataFrame:
        """The accuracies of the answers in ``results`` by the rules that ``columns`` name.

        Raises:
            UsageError: a column is no accuracy.
            BadData: as ``answers_to_all``.
        """
        answers = answers_to_all(results, self.examples)
        return pd.DataFrame(
            {
                "question_id": [example.question_id for example in self.examples],
                "image_id": [example.image_id for example in self.examples],
                **{column: accuracies(answers, self.examples, _rule(column)) for column in columns},
            }
        )


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


def _rule(column: str) -> str:
    rule = column.removeprefix(ACCURACY)
    if not column.startswith(ACCURACY) or rule not in ACCURACIES:
        known = ", ".join(f"{ACCURACY}{name}" for name in ACCURACIES)
        raise UsageError(f"--metric {column}: results have only {known}; name one of these")
    return rule
