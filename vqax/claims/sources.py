"""What claims are tested on: per-question values by name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from vqax.claims.rules import ACCURACY, Row
from vqax.errors import MissingArtefact
from vqax.metrics.accuracy import ANSWER_TYPES

TYPE_OF = {f"accuracy_{short}": name for name, short in ANSWER_TYPES.items()}


QUESTION = ["question_id", "image_id"]


HUMANS = "annotators/human"


class NotMeasured(Exception):
    """A comparison cannot be made: why, and for what; causes that are equal make one sentence."""

    def __init__(self, *missing: tuple[str, str]) -> None:
        super().__init__(sentences(missing))
        self.missing = missing


def sentences(missing: Iterable[tuple[str, str]]) -> str:
    """``No run here for the rows of ucam/IV: VE (ours), UDL (ours).``"""
    causes: dict[str, dict[str, None]] = {}
    for cause, what in missing:
        causes.setdefault(cause, {})[what] = None
    return " ".join(f"{cause} {', '.join(what)}." for cause, what in causes.items())


@dataclass(frozen=True)
class Sources:
    """Per-question values by name: runs, ``people/human`` and rows of analyses.

    ``rows`` are the printed rows of the study, ``ranks`` the table of mean ranks, whose ``run``
    is a system of ``systems`` (run -> system). ``absent`` are the folders of analyses that
    params.yaml asks for and nobody made yet, by analysis.
    """

    values: Mapping[str, pd.DataFrame]
    rows: Mapping[str, Mapping[str, str]]
    ranks: pd.DataFrame
    systems: Mapping[str, str] = field(default_factory=dict)
    seeds: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, Path] = field(default_factory=dict)

    def resolve(self, source: Row | str) -> str:
        """The name of what measures ``source``.

        Raises:
            NotMeasured: the study has no run for the row, or params.yaml no such run or analysis.
            MissingArtefact: params.yaml asks for the analysis, and it was not made yet.
        """
        name = source
        if isinstance(source, Row):
            name = self.rows.get(source.table, {}).get(source.row, "")
            if not name:
                raise NotMeasured((f"No run here for the rows of {source.table}:", source.row))
        if name not in self.values:
            if folder := self.absent.get(str(name).partition("/")[0]):
                raise MissingArtefact(f"{folder}: no such folder; run `vqax repro`", output=folder)
            raise NotMeasured(("Not run here:", str(name)))
        return str(name)

    def column(self, source: Row | str, column: str | float) -> pd.DataFrame:
        """question_id, image_id and ``column``, one row per question; a number is its own value.

        Raises:
            NotMeasured: as ``resolve``, or the source has no such column or only NaN in it.
        """
        name = self.resolve(source)
        table = self.values[name]
        if isinstance(column, float):
            asked = table[QUESTION].drop_duplicates(ignore_index=True)
            return asked.assign(**{str(column): column})
        table = _of_type(table, column)
        if column not in table or table[column].isna().all():
            raise NotMeasured(("No values here of", f"{column} of {name}"))
        return table.groupby(QUESTION, as_index=False, sort=False)[[column]].mean()

    def label(self, source: Row | str) -> str:
        """A printed row by its name; a run by its label; a row of an analysis without its name."""
        if isinstance(source, Row):
            return source.row
        return self.labels.get(source, source.split("/", 1)[-1].replace("_", " "))


def _of_type(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """``accuracy_number`` and the like are the accuracy of the questions with such an answer."""
    if column not in TYPE_OF or column in table or "answer_type" not in table:
        return table
    return table[table["answer_type"] == TYPE_OF[column]].rename(columns={ACCURACY: column})
