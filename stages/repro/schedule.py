"""Each stage begins as soon as all it needs is done; none after the first failure."""

import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait

from stages.dvc_errors import sentence
from stages.repro import durations
from stages.repro.pipeline import Pipeline, failure
from stages.repro.plan import Plan
from stages.repro.runner import Runner


def side_by_side(pipeline: Pipeline, plan: Plan, runner: Runner, jobs: int, *, force: bool) -> int:
    """Bring the stages of ``plan`` up to date, ``jobs`` at a time; how many of them had to run.

    Raises:
        VqaxError: a stage failed; all that were finished before are recorded.
    """
    waiting = {stage: set(needs) for stage, needs in plan.items()}
    running: dict[Future[int], tuple[str, float]] = {}
    done = 0
    try:
        while waiting or running:
            done += _begin(pipeline, waiting, running, runner, jobs, force=force)
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                stage, started = running.pop(future)
                _end(pipeline, stage, future, started)
                _freed(waiting, stage)
    finally:
        pipeline.record()
    return done


def _begin(
    pipeline: Pipeline,
    waiting: dict[str, set[str]],
    running: dict[Future[int], tuple[str, float]],
    runner: Runner,
    jobs: int,
    *,
    force: bool,
) -> int:
    """Fill the places that are free; how many stages were begun."""
    from dvc.exceptions import DvcException
    from dvc.lock import LockError

    begun = 0
    while len(running) < jobs and (ready := next((s for s in waiting if not waiting[s]), None)):
        del waiting[ready]
        try:
            job = pipeline.begin(ready, force=force)
        except LockError as error:
            raise sentence(pipeline.folder, error) from error
        except DvcException as error:
            raise failure(ready, error) from error
        if job is None:
            _freed(waiting, ready)
            continue
        begun += 1
        running[runner.submit(job)] = (ready, time.monotonic())
    return begun


def _end(pipeline: Pipeline, stage: str, future: Future[int], started: float) -> None:
    from dvc.exceptions import DvcException

    error = future.exception()
    if error is not None or future.result():
        raise failure(stage, error)
    try:
        pipeline.finish(stage)
    except DvcException as missing:
        raise failure(stage, missing) from missing
    seconds = time.monotonic() - started
    durations.record(pipeline.folder, stage, seconds)
    sys.stderr.write(f"{stage}: {seconds:.1f} s\n")


def _freed(waiting: dict[str, set[str]], stage: str) -> None:
    for needs in waiting.values():
        needs.discard(stage)
