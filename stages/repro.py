"""``vqax repro``: DVC brings every stage up to date, independent ones side by side."""

import os
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from project.places import refuse_foreign_folders
from project.workspace import Workspace
from stages.components import load_whole
from stages.dvc_errors import dvc_errors, release_dead, unknown_stage
from stages.dvc_shortcuts import read_once
from stages.dvc_worker import open_pipeline, reproduce
from stages.profile import prepare_profile
from vqax.errors import MissingArtefact, UsageError, VqaxError
from vqax.vision.weights import optional


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
        UsageError: mistakes in params.yaml, all of them, or an unknown target.
        BadData: something stands where a data set is to be generated.
        VqaxError: a stage failed; those that do not need it may have been finished.
    """
    started = time.monotonic()
    repository = Path.cwd()
    if not (repository / "dvc.yaml").exists():
        raise MissingArtefact(f"{repository}: no dvc.yaml; run vqax repro in the repository")
    folder = repository
    if profile:
        folder = prepare_profile(repository, profile)
    else:
        load_whole(repository / "params.yaml")
    todo = stale(folder, targets, force=force)
    if dry:
        return {"folder": str(folder), "would run": list(todo)}
    refuse_foreign_folders(folder, list(todo))
    _side_by_side(folder, todo, force, jobs)
    reports = sorted((Workspace(folder).data / "reports").glob("*/report.html"))
    return {
        "folder": str(folder),
        "stages run": len(todo),
        "seconds": round(time.monotonic() - started, 1),
        "reports": [str(report) for report in reports] or "not yet",
    }


def stale(folder: Path, targets: tuple[str, ...], *, force: bool = False) -> dict[str, set[str]]:
    """What has to run: stages that changed and those that follow, each with the ones it needs.

    ``dvc repro --dry`` lists only the first kind: it cannot know that their outputs will change.
    """
    with (
        dvc_errors(folder),
        optional("dvc.repo").Repo(str(folder), _wait_for_lock=True) as repo,
        repo.lock,
        read_once(),
    ):
        release_dead(folder)
        graph = repo.index.graph
        needs = {stage.name: {need.name for need in graph.successors(stage)} for stage in graph}
        wanted = _with_needs(needs, _named(needs, targets))
        asked = [stage for stage in graph if stage.name in wanted]
        changed = {stage.name for stage in asked if force or stage.changed()}
    todo: dict[str, set[str]] = {}
    for stage in _in_order(needs):
        before = needs[stage] & todo.keys()
        if stage in changed or (stage in wanted and before):
            todo[stage] = before
    return todo


def _named(needs: dict[str, set[str]], targets: tuple[str, ...]) -> list[str]:
    """The stages that targets name; ``train`` stands for train@san, train@mcb and so on."""
    found = {target: [s for s in needs if target in (s, s.split("@")[0])] for target in targets}
    for target in (target for target, stages in found.items() if not stages):
        raise UsageError(unknown_stage(target, needs))
    return [stage for stages in found.values() for stage in stages] if targets else list(needs)


def _with_needs(needs: dict[str, set[str]], stages: list[str]) -> set[str]:
    wanted: set[str] = set()
    while stages:
        new = set(stages) - wanted
        wanted |= new
        stages = [need for stage in new for need in needs[stage]]
    return wanted


def _in_order(needs: dict[str, set[str]]) -> list[str]:
    """Every stage after all it needs."""
    from graphlib import TopologicalSorter

    return list(TopologicalSorter(needs).static_order())


def _side_by_side(folder: Path, todo: dict[str, set[str]], force: bool, jobs: int) -> None:
    """Start each stage as soon as all it needs is done; start none after the first failure."""
    waiting = {stage: set(needs) for stage, needs in todo.items()}
    running: dict[Future[bool], str] = {}
    threads = max(1, (os.cpu_count() or 1) // jobs) if jobs > 1 else None
    with ProcessPoolExecutor(
        jobs, get_context("spawn"), initializer=open_pipeline, initargs=(folder, threads)
    ) as pool:
        while waiting or running:
            for stage in [stage for stage, needs in waiting.items() if not needs]:
                del waiting[stage]
                running[pool.submit(reproduce, stage, force)] = stage
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                stage = running.pop(future)
                error = future.exception()
                if error is not None or not future.result():
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise VqaxError(
                        f"{stage}: stopped with {error or 'the error printed above'}; mend it and "
                        "run the same command again: finished stages are not repeated"
                    )
                for needs in waiting.values():
                    needs.discard(stage)
