"""``vqax repro`` itself: what has to run, where, and what became of it."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from project.places import refuse_foreign_folders
from project.workspace import Workspace
from stages.components import load_whole
from stages.profile import prepare_profile
from stages.repro.dvc_itself import run_dvc, supported
from stages.repro.local import LocalRunner
from stages.repro.pipeline import Pipeline, opened
from stages.repro.plan import Plan, to_do
from stages.repro.runner import Runner
from stages.repro.schedule import Schedule
from vqax.errors import MissingArtefact


def run(
    targets: tuple[str, ...],
    *,
    jobs: int | None = None,
    on: str | None = None,
    profile: str | None = None,
    data_root: Path | None = None,
    device: str | None = None,
    dry: bool = False,
    force: bool = False,
    keep_going: bool = False,
) -> dict[str, Any]:
    """Run the stages of ``targets`` (all if none) whose inputs changed.

    Args:
        jobs: how many at a time; by default one here, and ``on`` a cluster as many as fit.
        on: a Dask scheduler, or a file that says how to start one (``stages.repro.cluster``).
        data_root: the folder of the data sets that profiles name.
        device: where commands compute that have ``--device``; None: where they would by themselves.
        keep_going: after a failure go on with the stages that do not need what failed; ``on`` a
            cluster always.

    Raises:
        MissingArtefact: not in a folder with dvc.yaml and params.yaml, or no such profile.
        BadData: something stands where a data set is to be generated.
        UsageError: mistakes in the settings, all of them, or an unknown target; no worker of the
            cluster offers what a stage needs, or one does not share the folder.
        VqaxError: a stage failed; those that do not need it may have been finished.
    """
    started = time.monotonic()
    folder = _folder(Path.cwd(), profile, data_root)
    if device is not None:
        os.environ["VQAX_DEVICE"] = device
    if unsupported := supported():
        sys.stderr.write(f"{unsupported}\n")
        return run_dvc(folder, targets, dry=dry, force=force)
    with opened(folder) as pipeline:
        todo = to_do(pipeline, targets, force=force)
        if dry:
            return {"folder": str(folder), "would run": list(todo)}
        refuse_foreign_folders(folder, list(todo))
        jobs = jobs or (1 if on is None else max(1, len(todo)))
        with _runner(pipeline, todo, jobs, on) as runner:
            schedule = Schedule(pipeline, todo, runner, jobs, force=force)
            done = schedule.run(keep_going=keep_going or on is not None)
    reports = sorted((Workspace(folder).data / "reports").glob("*/report.html"))
    return {
        "folder": str(folder),
        "stages run": done,
        "seconds": round(time.monotonic() - started, 1),
        "reports": [str(report) for report in reports] or "not yet",
    }


@contextmanager
def _runner(pipeline: Pipeline, todo: Plan, jobs: int, on: str | None) -> Iterator[Runner]:
    """What runs the stages of the plan; a cluster is asked for nothing where none has to run."""
    if on is None or not todo:
        with LocalRunner(pipeline.folder, jobs) as local:
            yield local
        return
    from stages.repro.dask_runner import connected_runner  # Dask is an extra

    with connected_runner(on, pipeline.folder, todo, pipeline.stages) as runner:
        yield runner


def _folder(repository: Path, profile: str | None, data_root: Path | None) -> Path:
    """Where the pipeline lies; its settings are whole."""
    if not (repository / "dvc.yaml").exists():
        raise MissingArtefact(f"{repository}: no dvc.yaml; run vqax repro in the repository")
    if profile:
        return prepare_profile(repository, profile, data_root)
    load_whole(repository / "params.yaml")
    return repository
