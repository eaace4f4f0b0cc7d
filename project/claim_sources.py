"""Everything a claim can be tested on, as one value per test question under one kind of name."""

from collections.abc import Collection
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd

from project.floors import floor_labels, floor_questions
from project.human_maps import read_human_maps
from project.params import Params
from project.significance import system
from project.study import Measured, family
from project.workspace import Workspace
from vqax.claims.rules import ACCURACY, CORRELATION
from vqax.claims.sources import HUMANS, QUESTION, SEED, Sources
from vqax.files import read_parquet
from vqax.metrics.inter_annotator_agreement import inter_annotator_agreement
from vqax.metrics.rank_correlation import rank_correlation

LOW_RANKS = slice(25, 36)  # ranks 26 to 36, as the paper counts


def collect(measured: Measured, ranks: pd.DataFrame, not_trained: Collection[str] = ()) -> Sources:
    """The runs of a study with the analyses that were made and the agreement between people.

    ``not_trained`` are patterns of the rows of analyses that no training made.
    """
    runs, params = list(measured.questions_by_seed), measured.params
    rows = {
        table: {row: source.run for row, source in sources.items()}
        for table, sources in measured.study.rows.items()
    }
    analysed = {
        **_rows(measured),
        **_noise(measured.workspace),
        **_samples(measured.workspace),
        **_faithfulness(measured.workspace),
        **_experiments(measured),
    }
    floors = floor_questions(measured)
    return Sources(
        values={
            **{run: measured.all_trainings(run) for run in runs},
            **_human_agreement(measured),
            **{
                name: _with_seed(name, table, params, not_trained)
                for name, table in analysed.items()
            },
            **{name: table for found in floors.values() for name, table in found.items()},
        },
        rows=rows,
        ranks=ranks,
        systems={run: system(measured, run) for run in runs},
        families={
            **{run: family(params, run) for run in runs},
            **{name: _family_of_row(name, params, runs) for name in analysed},
        },
        data=_data(measured, [*runs, *analysed]),
        floors={run: tuple(floors.get(params.run(run).dataset, ())) for run in runs},
        labels={
            **params.labels,
            **{run: params.label(run) for run in runs},
            **floor_labels(floors),
        },
        absent=_absent(measured),
    )


def _with_seed(
    name: str, table: pd.DataFrame, params: Params, not_trained: Collection[str]
) -> pd.DataFrame:
    """A row of an analysis that names no seed looked into one training, if into any."""
    if any(fnmatchcase(name, pattern) for pattern in not_trained):
        return table.drop(columns=SEED, errors="ignore")
    return table if SEED in table else table.assign(**{SEED: params.seed})


def _family_of_row(name: str, params: Params, runs: list[str]) -> str:
    """Rows of an analysis about one kind of model vary alike.

    A row of an experiment is its own family: others are of the same trainings under another
    condition, or of other images.
    """
    analysis, _, row = name.partition("/")
    if analysis in params.experiments:
        return name
    about = [run for run in runs if row.startswith(run)]
    model = params.run(max(about, key=len)).model if about else ""
    return f"{analysis} {model}"


def _data(measured: Measured, names: list[str]) -> dict[str, str]:
    """The data set of each source, as the tables name it."""
    labels = {}
    for name in names:
        with suppress(KeyError):  # an analysis that the settings have no more
            labels[name] = measured.dataset_label(name)
    return labels


def _absent(measured: Measured) -> dict[str, Path]:
    names = [*measured.params.all_analyses, *measured.params.experiments]
    folders = {name: measured.workspace.analysis(name) for name in names}
    return {name: folder for name, folder in folders.items() if not folder.exists()}


def _human_agreement(measured: Measured) -> dict[str, pd.DataFrame]:
    """How far people agree on the data set of the first run that has human maps."""
    for run, tables in measured.questions_by_seed.items():
        questions = tables[0]
        path = measured.workspace.dataset(measured.params.run(run).dataset) / "human_maps.h5"
        if CORRELATION in questions and path.exists():
            agreement = inter_annotator_agreement(read_human_maps(path), rank_correlation)
            human_maps = questions[QUESTION].assign(
                **{CORRELATION: questions["question_id"].map(agreement)}
            )
            return {HUMANS: human_maps}
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
    """``EXPERIMENT/ROW``: the images of experiments with classifiers, by classifier or case."""
    tables = {
        name: _analysis(measured.workspace, name, "image_values")
        for name in measured.params.experiments
    }
    return {
        f"{name}/{row}": part
        for name, table in tables.items()
        for row, part in table.groupby("row", sort=False)
    }


def _faithfulness(workspace: Workspace) -> dict[str, pd.DataFrame]:
    """``faithfulness/METHOD``; of it ``_part_K``, the K-th share of the regions alone, ``_rank_K``.

    ``METHOD_top_fifth`` and ``METHOD_rest`` are the most attended fifth alone, and the others;
    ``METHOD_all`` is with all regions.
    """
    questions = _analysis(workspace, "faithfulness", "questions")
    if "method" not in questions:
        return {}
    found = {}
    for method, table in questions.groupby("method", sort=False):
        name = f"faithfulness/{method}"
        asked = table[[column for column in (*QUESTION, "run", SEED) if column in table]]
        tvd = np.stack(table["tvd"].to_list())
        low = tvd[:, LOW_RANKS].mean(axis=1)
        found[name] = asked.assign(
            tvd_rank_correlation=table["rank_correlation"], tvd_low_ranks=low
        )
        for rank, column in enumerate(tvd.T, start=1):
            found[f"{name}_rank_{rank}"] = asked.assign(tvd=column)
        for part, column in enumerate(np.stack(table["accuracy"].to_list()).T, start=1):
            found[f"{name}_part_{part}"] = asked.assign(**{ACCURACY: column})
        for column in {"top_fifth", "rest", "all"} & set(table.columns):
            found[f"{name}_{column}"] = asked.assign(**{ACCURACY: table[column]})
    return found


EMPTY = pd.DataFrame(columns=["row", "noise", "run", "strength", "correct"])


def _analysis(workspace: Workspace, name: str, table: str) -> pd.DataFrame:
    """A table of an analysis, of all trainings that it looked into; empty where it was not made."""
    for file in (f"{table}_by_training", table):
        path = workspace.analysis(name) / f"{file}.parquet"
        if path.exists():
            return read_parquet(path)
    return EMPTY
