"""The explorer of a study: all test questions of each of its data sets in one page."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from project.dataset import Prepared, load_prepared
from project.human_maps import read_human_maps
from project.maps import read_maps
from project.params import Params
from project.resolve import data_plan
from project.study import Measured
from project.workspace import Workspace
from vqax.data import load_rgb
from vqax.errors import UsageError
from vqax.metrics.resize import GRID
from vqax.report.explorer import ExplorerContent, ExplorerRun, write_explorer

FOLDER = "browse"
OF_QUESTION = ["question_id", "image_id", "question", "question_type", "answer_type", "truth"]


def run(params: Params, workspace: Workspace, study: str) -> dict[str, Any]:
    """Write data/reports/``study``/browse: a page, or several parts, for each data set.

    Raises:
        UsageError: the study has no runs.
    """
    measured = Measured(params, workspace, study)
    if not measured.runs:
        with_runs = [name for name in params.studies if Measured(params, workspace, name).runs]
        raise UsageError(
            f"study {study}: has no runs that answered questions, so there is nothing to browse; "
            f"name one of {', '.join(with_runs) or 'those with groups'}"
        )
    pages = [page for dataset in datasets(measured) for page in _write(measured, dataset)]
    size = sum(page.stat().st_size for page in pages)
    return {
        "pages": [str(page.resolve()) for page in pages],
        "megabytes": round(size / 1e6, 1),
    }


def datasets(measured: Measured) -> dict[str, list[str]]:
    """Data set -> the runs of the study on it."""
    found: dict[str, list[str]] = {}
    for name in measured.runs:
        found.setdefault(measured.params.run(name).dataset, []).append(name)
    return found


def page_of(measured: Measured) -> dict[str, str]:
    """Run -> the explorer that shows it, as an address beside the report."""
    return {
        name: f"{FOLDER}/{dataset}.html"
        for dataset, names in datasets(measured).items()
        for name in names
    }


def _write(measured: Measured, dataset: str) -> list[Path]:
    folder = measured.workspace.report(measured.name).parent / FOLDER
    return write_explorer(
        folder,
        dataset,
        content(measured, dataset),
        megabytes=measured.study.report.explorer_megabytes,
        report="../report.html",
    )


def content(measured: Measured, dataset: str) -> ExplorerContent:
    """The test questions that all runs on ``dataset`` answered; of several seeds, the first."""
    names = datasets(measured)[dataset]
    tables = {name: measured.questions_by_seed[name][0].set_index("question_id") for name in names}
    shared = tables[names[0]].index
    for table in tables.values():
        shared = shared.intersection(table.index, sort=False)
    prepared = load_prepared(data_plan(measured.params, measured.workspace, dataset))
    human_maps = read_human_maps(measured.workspace.dataset(dataset) / "human_maps.h5")
    return ExplorerContent(
        title=measured.study.report.title,
        dataset=measured.params.datasets[dataset].label,
        questions=_questions(tables[names[0]].loc[shared].reset_index(), prepared),
        runs=tuple(_run(measured, name, tables[name].loc[shared].reset_index()) for name in names),
        open_image=lambda image_id: load_rgb(prepared.image_path(image_id)),
        human_maps=np.stack([_mean(human_maps.get(int(key))) for key in shared]),
        pair=_pair(measured, names),
    )


def _questions(table: pd.DataFrame, prepared: Prepared) -> pd.DataFrame:
    answers = {example.question_id: example.answers for example in prepared.test}
    return table[OF_QUESTION].assign(
        human_answers=[answers[int(key)] for key in table["question_id"]]
    )


def _run(measured: Measured, name: str, table: pd.DataFrame) -> ExplorerRun:
    answers = table.assign(probability=table["top5_probabilities"].str[0])
    maps = {
        method: _ordered(ids, raw_maps, table["question_id"])
        for method, ids, raw_maps in read_maps(measured.workspace.explanation(name))
    }
    return ExplorerRun(name, measured.params.label(name), answers, maps)


def _ordered(ids: np.ndarray, raw_maps: np.ndarray, wanted: pd.Series) -> np.ndarray:
    """The maps (n,h,w) of the questions ``wanted``; NaN where there is none."""
    places = pd.Index(ids).get_indexer(pd.Index(wanted))
    return np.where((places >= 0)[:, None, None], raw_maps[places], np.float32(np.nan))


def _mean(human_maps: np.ndarray | None) -> np.ndarray:
    return (
        np.full(GRID, np.nan, dtype=np.float32) if human_maps is None else human_maps.mean(axis=0)
    )


def _pair(measured: Measured, names: list[str]) -> tuple[str, str] | None:
    """The first comparison of the report whose two runs are on this data set."""
    pairs = measured.study.report.comparisons.items()
    return next(((run, other) for run, other in pairs if {run, other} <= set(names)), None)
