"""Everything a claim can be tested on, as one value per test question under one kind of name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from stages.claims.rules import ACCURACY, CORRELATION, Row
from stages.people import read_human_maps
from stages.score import ANSWER_TYPES
from stages.significance import system
from stages.study import Measured
from stages.workspace import Workspace
from vqax.errors import MissingArtefact
from vqax.files import read_parquet
from vqax.metrics.people import human_agreement
from vqax.metrics.rank_correlation import rank_correlation

TYPE_OF = {f"accuracy_{short}": name for name, short in ANSWER_TYPES.items()}
QUESTION = ["question_id", "image_id"]
PEOPLE = "people/human"
LOW_RANKS = slice(25, 36)  # ranks 26 to 36, as the paper counts


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
        return table.groupby(QUESTION, as_index=False, sort=False)[column].mean()

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


def collect(measured: Measured, ranks: pd.DataFrame) -> Sources:
    """The runs of a study with the analyses that were made and the agreement between people."""
    runs, params = list(measured.questions), measured.params
    rows = {
        table: {row: source.run for row, source in sources.items()}
        for table, sources in measured.study.rows.items()
    }
    return Sources(
        values={
            **measured.questions,
            **_people(measured),
            **_rows(measured),
            **_noise(measured.workspace),
            **_samples(measured.workspace),
            **_faithfulness(measured.workspace),
            **_experiments(measured),
        },
        rows=rows,
        ranks=ranks,
        systems={run: system(measured, run) for run in runs},
        seeds={run: len(measured.seeds(run)) for run in runs},
        labels={**params.labels, **{run: params.label(run) for run in runs}},
        absent=_absent(measured),
    )


def _absent(measured: Measured) -> dict[str, Path]:
    names = [*measured.params.all_analyses, *measured.params.experiments]
    folders = {name: measured.workspace.analysis(name) for name in names}
    return {name: folder for name, folder in folders.items() if not folder.exists()}


def _people(measured: Measured) -> dict[str, pd.DataFrame]:
    """How far people agree on the data set of the first run that has human maps."""
    for run, questions in measured.questions.items():
        path = measured.workspace.dataset(measured.params.run(run).dataset) / "human_maps.h5"
        if CORRELATION in questions and path.exists():
            agreement = human_agreement(read_human_maps(path), rank_correlation)
            people = questions[QUESTION].assign(
                **{CORRELATION: questions["question_id"].map(agreement)}
            )
            return {PEOPLE: people}
    return {}


def _rows(measured: Measured) -> dict[str, pd.DataFrame]:
    """``ANALYSIS/ROW`` of every analysis whose questions.parquet says which ``row`` each is of."""
    tables = {
        name: _analysis(measured.workspace, name, "questions")
        for name in measured.params.all_analyses
    }
    return {
        f"{name}/{row}": part
        for name, table in tables.items()
        if "row" in table
        for row, part in table.groupby("row", sort=False)
    }


def _noise(workspace: Workspace) -> dict[str, pd.DataFrame]:
    """``noise/KIND/RUN`` at the least strength that was tried: the paper says "slight noise"."""
    table = _analysis(workspace, "noise", "questions")
    table = table[table["strength"] > 0] if len(table) else table
    result = {}
    for kind, part in table.groupby("noise", sort=False):
        slight = part[part["strength"] == part["strength"].min()]
        for run, answers in slight.groupby("run", sort=False):
            flipped = answers["flipped"].astype(float)
            result[f"noise/{kind}/{run}"] = answers.assign(flipped=flipped)
    return result


def _samples(workspace: Workspace) -> dict[str, pd.DataFrame]:
    """The attention samples of a question that lead to a right answer, and those that do not."""
    table = _analysis(workspace, "attention_samples", "samples")
    names = {True: "right", False: "wrong"}
    return {
        f"attention_samples/{names[bool(correct)]}": part
        for correct, part in table.groupby("correct", sort=False)
    }


def _experiments(measured: Measured) -> dict[str, pd.DataFrame]:
    """``EXPERIMENT/ROW``: the pictures of experiments with classifiers, by classifier or case."""
    tables = {
        name: _analysis(measured.workspace, name, "pictures")
        for name in measured.params.experiments
    }
    return {
        f"{name}/{row}": part
        for name, table in tables.items()
        for row, part in table.groupby("row", sort=False)
    }


def _faithfulness(workspace: Workspace) -> dict[str, pd.DataFrame]:
    """``faithfulness/METHOD``; of it ``_part_K``, the K-th share of the regions alone, ``_rank_K``.

    ``METHOD_top_fifth`` and ``METHOD_rest`` are the most attended fifth alone, and the others.
    """
    path = workspace.analysis("faithfulness") / "questions.parquet"
    if not path.exists():
        return {}
    found = {}
    for method, table in read_parquet(path).groupby("method", sort=False):
        name, asked = f"faithfulness/{method}", table[QUESTION]
        tvd = np.stack(table["tvd"].to_list())
        low = tvd[:, LOW_RANKS].mean(axis=1)
        found[name] = asked.assign(
            tvd_rank_correlation=table["rank_correlation"], tvd_low_ranks=low
        )
        for rank, column in enumerate(tvd.T, start=1):
            found[f"{name}_rank_{rank}"] = asked.assign(tvd=column)
        for part, column in enumerate(np.stack(table["accuracy"].to_list()).T, start=1):
            found[f"{name}_part_{part}"] = asked.assign(**{ACCURACY: column})
        for column in ("top_fifth", "rest"):
            found[f"{name}_{column}"] = asked.assign(**{ACCURACY: table[column]})
    return found


EMPTY = pd.DataFrame(columns=["row", "noise", "run", "strength", "correct"])


def _analysis(workspace: Workspace, name: str, table: str) -> pd.DataFrame:
    """A table of an analysis; an empty one where the analysis was not made."""
    path = workspace.analysis(name) / f"{table}.parquet"
    return read_parquet(path) if path.exists() else EMPTY
