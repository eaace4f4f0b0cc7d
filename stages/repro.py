"""``vqax repro``: DVC brings every stage up to date, independent ones side by side."""

import os
import subprocess
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from stages.profile import prepare_profile
from stages.workspace import Workspace
from vqax.errors import MissingArtefact, VqaxError

LOCKED = "Unable to acquire lock"


def run(
    targets: tuple[str, ...],
    *,
    jobs: int = 1,
    profile: str | None = None,
    dry: bool = False,
    force: bool = False,
) -> dict[str, Any]:
    """Run ``dvc repro`` on ``targets`` (all stages if none), at most ``jobs`` at a time."""
    started = time.monotonic()
    repository = Path.cwd()
    if not (repository / "dvc.yaml").exists():
        raise MissingArtefact(f"{repository}: no dvc.yaml; run vqax repro in the repository")
    folder = prepare_profile(repository, profile) if profile else repository
    options = ["--force"] * force + ["--dry"] * dry
    if jobs == 1 or dry:
        _dvc(folder, [*options, *targets], jobs=1)
    else:
        _side_by_side(folder, targets, options, jobs)
    report = Workspace(folder).report
    return {
        "folder": str(folder),
        "seconds": round(time.monotonic() - started, 1),
        "report": str(report) if report.exists() else "not yet",
    }


def _side_by_side(folder: Path, targets: tuple[str, ...], options: list[str], jobs: int) -> None:
    """Start each stage as soon as all it needs is done; stop starting at the first failure."""
    waiting = _needs(folder, targets)
    running: dict[Future[None], str] = {}
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        while waiting or running:
            ready = [stage for stage, needs in waiting.items() if not needs]
            for stage in ready:
                del waiting[stage]
                arguments = [*options, "--single-item", stage]
                running[pool.submit(_dvc, folder, arguments, jobs=jobs)] = stage
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                stage = running.pop(future)
                _raise_failure(future, running)
                for needs in waiting.values():
                    needs.discard(stage)


def _raise_failure(future: Future[None], running: dict[Future[None], str]) -> None:
    error = future.exception()
    if error is not None:
        for other in running:
            other.cancel()
        raise error


def _needs(folder: Path, targets: tuple[str, ...]) -> dict[str, set[str]]:
    """Stage -> the stages it needs, for ``targets`` and everything below them."""
    from dvc.repo import Repo

    with Repo(str(folder)) as repo:
        graph = repo.index.graph
        needs = {
            stage.addressing: {need.addressing for need in graph.successors(stage)}
            for stage in graph
        }
    if not targets:
        return needs
    unknown = [target for target in targets if target not in needs]
    if unknown:
        raise MissingArtefact(f"{unknown[0]}: no such stage; dvc.yaml has {', '.join(needs)}")
    wanted, todo = set(), list(targets)
    while todo:
        stage = todo.pop()
        if stage not in wanted:
            wanted.add(stage)
            todo += needs[stage]
    return {stage: needs[stage] for stage in needs if stage in wanted}


def _dvc(folder: Path, arguments: list[str], *, jobs: int) -> None:
    """One ``dvc repro``; another process that holds DVC's lock for a moment is waited for."""
    command = [sys.executable, "-m", "dvc", "repro", *arguments]
    threads = max(1, (os.cpu_count() or 1) // jobs)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path}
    if jobs > 1:
        environment |= {"OMP_NUM_THREADS": str(threads)}
    for _ in range(20):
        done = subprocess.run(
            command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True, check=False
        )
        if LOCKED not in done.stderr:
            break
        time.sleep(1.0)
    sys.stderr.write(done.stderr)
    if done.returncode != 0:
        stage = arguments[-1] if arguments else "the pipeline"
        raise VqaxError(
            f"{stage}: stopped with an error, printed above; mend it and run `vqax repro` again: "
            "finished stages are not repeated"
        )
