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
SEED = "seed"


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

    A table with a column ``seed`` has a row per question and training; one without it is of
    something that is not trained (people, a prior of the answers). Sources with one ``run`` are of
    the same trainings. ``families`` says which sources vary alike from training to training;
    ``data`` names the data set of each. ``floors`` are the sources that answer, or point, without
    looking: a system is tested on what they have only where it beats them.

    ``rows`` are the printed rows of the study, ``ranks`` the table of mean ranks, whose ``run``
    is a system of ``systems`` (run -> system). ``absent`` are the folders of analyses that
    params.yaml asks for and nobody made yet, by analysis.
    """

    values: Mapping[str, pd.DataFrame]
    rows: Mapping[str, Mapping[str, str]]
    ranks: pd.DataFrame
    systems: Mapping[str, str] = field(default_factory=dict)
    families: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    floors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, Path] = field(default_factory=dict)
    _read: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict, compare=False)

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

    def column(self, source: Row | str, column: str) -> pd.DataFrame:
        """A row per question, indexed by question_id and image_id, and a column per training.

        Several values of a question in one training are averaged.

        Raises:
            NotMeasured: as ``resolve``, or the source has no such column or only NaN in it.
        """
        name = self.resolve(source)
        if (name, column) not in self._read:
            self._read[name, column] = self._by_training(name, column)
        return self._read[name, column]

    def _by_training(self, name: str, column: str) -> pd.DataFrame:
        table = _of_type(self.values[name], column)
        if column not in table or table[column].isna().all():
            raise NotMeasured(("No values here of", f"{column} of {name}"))
        if SEED not in table:
            return table.groupby(QUESTION, sort=False)[[column]].mean()
        means: pd.Series = table.groupby([*QUESTION, SEED], sort=False)[column].mean()
        return means.unstack(SEED, sort=False)

    def trainings(self, source: Row | str) -> int:
        """How often it was trained; 0 where it is not trained.

        Raises:
            NotMeasured, MissingArtefact: as ``resolve``.
        """
        table = self.values[self.resolve(source)]
        return int(table[SEED].nunique()) if SEED in table else 0

    def run_of(self, name: str) -> str:
        """What was trained behind a source: its column ``run``, if it has one; else itself."""
        table = self.values[name]
        if SEED not in table or "run" not in table:
            return name
        runs = table["run"].unique()
        return str(runs[0]) if len(runs) == 1 else name

    def family(self, name: str) -> list[str]:
        """The sources that vary from training to training as ``name`` does, itself among them."""
        family = self.families.get(name, name)
        others = [one for one, other in self.families.items() if other == family]
        return list(dict.fromkeys([name, *others]))

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
