"""``vqax repro``: every stage brought up to date, independent ones side by side.

DVC says what has changed and records what was made (``pipeline``); what runs the commands is a
``Runner``, here processes on this machine. Nothing of DVC is replaced.
"""

import sys
import time
from pathlib import Path
from typing import Any

from stages.families import load_whole
from stages.places import refuse_foreign_folders
from stages.profile import prepare_profile
from stages.repro.alone import alone
from stages.repro.dvc_itself import run_dvc, supported
from stages.repro.local import LocalRunner
from stages.repro.pipeline import opened
from stages.repro.plan import stale, to_do
from stages.repro.schedule import side_by_side
from stages.workspace import Workspace
from vqax.errors import MissingArtefact

__all__ = ["run", "stale"]


def run(
    targets: tuple[str, ...],
    *,
    jobs: int = 1,
    profile: str | None = None,
    dry: bool = False,
    force: bool = False,
) -> dict[str, Any]:
    """Run the stages of ``targets`` (all if none) whose inputs changed, ``jobs`` at a time.

    Raises:
        MissingArtefact: not in a folder with dvc.yaml and params.yaml, or no such profile.
        UsageError: mistakes in the settings, all of them, or an unknown target.
        BadData: something stands where a data set is to be generated.
        VqaxError: a stage failed; those that do not need it may have been finished.
    """
    started = time.monotonic()
    folder = _folder(Path.cwd(), profile)
    if unsupported := supported():
        sys.stderr.write(f"{unsupported}\n")
        return run_dvc(folder, targets, dry=dry, force=force)
    if dry:
        return {"folder": str(folder), "would run": list(stale(folder, targets, force=force))}
    with alone(folder), opened(folder) as pipeline:
        todo = to_do(pipeline, targets, force=force)
        refuse_foreign_folders(folder, list(todo))
        with LocalRunner(folder, jobs) as runner:
            done = side_by_side(pipeline, todo, runner, jobs, force=force)
    reports = sorted((Workspace(folder).data / "reports").glob("*/report.html"))
    return {
        "folder": str(folder),
        "stages run": done,
        "seconds": round(time.monotonic() - started, 1),
        "reports": [str(report) for report in reports] or "not yet",
    }


def _folder(repository: Path, profile: str | None) -> Path:
    """Where the pipeline lies; its settings are whole."""
    if not (repository / "dvc.yaml").exists():
        raise MissingArtefact(f"{repository}: no dvc.yaml; run vqax repro in the repository")
    if profile:
        return prepare_profile(repository, profile)
    load_whole(repository / "params.yaml")
    return repository
