"""Stage ``analyse``: one analysis of trained runs that params.yaml asks for."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

import studies
from project.params import Params, named
from project.workspace import Workspace
from vqax.files import read_parquet, write_parquet

FOR_DVC = ("features", "study", "group")
BY_TRAINING = "_by_training"
PER_QUESTION = ("questions", "samples")
NAMES_OF_RUNS = ("row", "run")


def run(params: Params, workspace: Workspace, name: str) -> dict[str, Any]:
    """Leave the Parquet files of analysis ``name`` in data/analyses/``name``.

    They are about the first training of each run. Where its runs have further ones, the analysis
    looks into these, too: ``questions_by_training.parquet`` (and ``samples_``) has the rows of all,
    told apart by the column ``seed``, which claims read.
    """
    options = named(
        params.all_analyses, name, "analysis", "params.yaml: analyses and region_analyses"
    )
    analysis = named(studies.analyses(), name, "analysis", "studies")
    own = own_options(options)
    summary: dict[str, Any] = analysis(params, workspace, **own)
    further = repetitions(params, own, options.get("group"))
    out = workspace.analysis(name)
    tables = {file: [_tables(out, file, params.seed, {})] for file in PER_QUESTION}
    for seed, names in further.items():
        with tempfile.TemporaryDirectory() as folder:
            elsewhere = replace(workspace, analyses=Path(folder))
            analysis(params, elsewhere, **_renamed(own, names))
            for file, found in tables.items():
                originals = {again: original for original, again in names.items()}
                found.append(_tables(elsewhere.analysis(name), file, seed, originals))
    for file, found in tables.items():
        known = [table for table in found if table is not None]
        if further and known:
            combined = pd.concat(known, ignore_index=True)
            write_parquet(out / f"{file}{BY_TRAINING}.parquet", combined)
    return summary


def own_options(options: dict[str, Any]) -> dict[str, Any]:
    """Without the keys that only say in dvc.yaml what the stage depends on."""
    return {key: value for key, value in options.items() if key not in FOR_DVC}


def repetitions(
    params: Params, options: dict[str, Any], group: str | None
) -> dict[int, dict[str, str]]:
    """Seed -> run of ``options`` -> its training with that seed, where all have one.

    ``group``: only trainings of this group, on which the stage depends.
    """
    runs = _runs_in(options, params)
    by_seed: dict[int, dict[str, str]] = {}
    for name, run in params.runs.items():
        if run.replicate_of in runs and group in (None, run.group):
            by_seed.setdefault(params.seed_of(name), {})[str(run.replicate_of)] = name
    return {seed: names for seed, names in by_seed.items() if names.keys() == runs}


def _runs_in(value: Any, params: Params) -> set[str]:
    if isinstance(value, dict):
        return {name for one in value.values() for name in _runs_in(one, params)}
    if isinstance(value, list):
        return {name for one in value for name in _runs_in(one, params)}
    return {value} if isinstance(value, str) and value in params.runs else set()


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """The options with other runs in the place of these."""
    if isinstance(value, dict):
        return {key: _renamed(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, names) for one in value]
    return names.get(value, value) if isinstance(value, str) else value


def _tables(folder: Path, file: str, seed: int, originals: dict[str, str]) -> pd.DataFrame | None:
    """The rows of one training, under the names of the runs that it repeats."""
    path = folder / f"{file}.parquet"
    if not path.exists():
        return None
    table = read_parquet(path)
    for column in NAMES_OF_RUNS:
        for again in sorted(originals, key=len, reverse=True) if column in table else ():
            table[column] = table[column].str.replace(again, originals[again], regex=False)
    return table.assign(seed=seed)
