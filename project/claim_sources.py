"""Everything a claim can be tested on, as one value per test question under one kind of name."""

from pathlib import Path

import numpy as np
import pandas as pd

from project.human_maps import read_human_maps
from project.significance import system
from project.study import Measured
from project.workspace import Workspace
from vqax.claims.rules import ACCURACY, CORRELATION
from vqax.claims.sources import HUMANS, QUESTION, Sources
from vqax.files import read_parquet
from vqax.metrics.inter_annotator_agreement import inter_annotator_agreement
from vqax.metrics.rank_correlation import rank_correlation

LOW_RANKS = slice(25, 36)  # ranks 26 to 36, as the paper counts


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
            **_human_agreement(measured),
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


def _human_agreement(measured: Measured) -> dict[str, pd.DataFrame]:
    """How far people agree on the data set of the first run that has human maps."""
    for run, questions in measured.questions.items():
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
