"""Each stage begins as soon as all it needs is done; none that needs one which failed."""

import sys
import time
from concurrent.futures import Future
from queue import SimpleQueue

from stages.dvc_errors import sentence
from stages.repro import durations
from stages.repro.pipeline import Pipeline, failure, failures
from stages.repro.plan import Plan
from stages.repro.runner import Runner
from vqax.errors import VqaxError

AT_ONCE = 16
"""Stages that are begun before those that have ended meanwhile are looked after."""


class Schedule:
    """What of a plan waits, what runs, and what became of it."""

    def __init__(
        self, pipeline: Pipeline, plan: Plan, runner: Runner, jobs: int, *, force: bool
    ) -> None:
        self._pipeline, self._runner, self._jobs, self._force = pipeline, runner, jobs, force
        self._waiting = {stage: set(needs) for stage, needs in plan.items()}
        self._running: dict[Future[int], tuple[str, float]] = {}
        self._ended: SimpleQueue[Future[int]] = SimpleQueue()
        self._failed: dict[str, VqaxError] = {}
        self._not_begun: set[str] = set()
        self._begun = 0

    def run(self, *, keep_going: bool) -> int:
        """Bring every stage up to date; how many of them had to run.

        Raises:
            VqaxError: a stage failed; all that were finished are recorded. With ``keep_going``
                these are all that do not need it.
        """
        try:
            self._take_over()
            while self._begin_some(keep_going) or self._running:
                if self._running and (self._is_full() or not self._ready()):
                    self._end(self._ended.get(), keep_going)
                while not self._ended.empty():
                    self._end(self._ended.get(), keep_going)
        finally:
            self._pipeline.record()
        if self._failed:
            raise failures(self._failed, len(self._not_begun))
        return self._begun

    def _take_over(self) -> None:
        """What an earlier command has begun runs on, if its inputs are there and stay."""
        for stage, inputs, status in self._runner.left_over():
            is_next = stage in self._waiting and not self._waiting[stage]
            if is_next and self._pipeline.is_made_of(stage, inputs):
                sys.stderr.write(f"{stage}: runs already\n")
                del self._waiting[stage]
                self._follow(stage, status)
            else:
                self._runner.stop(stage)

    def _ready(self) -> str | None:
        return next((stage for stage, needs in self._waiting.items() if not needs), None)

    def _is_full(self) -> bool:
        return len(self._running) >= self._jobs

    def _begin_some(self, keep_going: bool) -> bool:
        """Fill free places; whether any stage was looked at."""
        for place in range(AT_ONCE):
            ready = None if self._is_full() else self._ready()
            if ready is None:
                return place > 0
            del self._waiting[ready]
            try:
                self._begin(ready)
            except VqaxError as error:
                self._fail(ready, error, keep_going)
        return True

    def _begin(self, stage: str) -> None:
        from dvc.exceptions import DvcException
        from dvc.lock import LockError

        try:
            job = self._pipeline.begin(stage, force=self._force)
        except LockError as error:
            raise sentence(self._pipeline.folder, error) from error
        except DvcException as error:
            raise failure(stage, error) from error
        if job is None:
            self._free(stage)
        else:
            self._begun += 1
            self._follow(stage, self._runner.submit(job))

    def _follow(self, stage: str, status: Future[int]) -> None:
        self._running[status] = (stage, time.monotonic())
        status.add_done_callback(self._ended.put)

    def _end(self, status: Future[int], keep_going: bool) -> None:
        stage, started = self._running.pop(status)
        try:
            self._finish(stage, status)
        except VqaxError as error:
            self._fail(stage, error, keep_going)
            return
        seconds = time.monotonic() - started
        durations.record(self._pipeline.folder, stage, seconds)
        sys.stderr.write(f"{stage}: {seconds:.1f} s\n")
        self._free(stage)

    def _finish(self, stage: str, status: Future[int]) -> None:
        from dvc.exceptions import DvcException

        error = status.exception()
        if error is not None or status.result():
            raise failure(stage, error)
        try:
            self._pipeline.finish(stage)
        except DvcException as missing:
            raise failure(stage, missing) from missing

    def _free(self, stage: str) -> None:
        for needs in self._waiting.values():
            needs.discard(stage)

    def _fail(self, stage: str, error: VqaxError, keep_going: bool) -> None:
        """Without ``keep_going`` the end; otherwise of all that needs the stage."""
        if not keep_going:
            raise error
        sys.stderr.write(f"{error}\n")
        self._failed[stage] = error
        lost = {stage}
        for name, needs in self._waiting.items():  # every stage stands after those it needs
            if needs & lost:
                lost.add(name)
        self._not_begun |= lost - {stage}
        for name in lost & self._waiting.keys():
            del self._waiting[name]
