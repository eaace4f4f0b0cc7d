"""The pipeline of a folder as DVC sees it: what has changed, and what is recorded as made.

Only methods that DVC's own commands call are called here, as these do (``dvc status``, ``repro``,
``commit``); docs/pipeline.md lists them. DVC's lock is held while they run, and not while a command
of a stage runs.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from stages.dvc_errors import dvc_errors, release_dead
from stages.repro import lock_file, receipts
from stages.repro.runner import Job
from vqax.errors import VqaxError
from vqax.vision.weights import optional

PAUSE = 10.0  # of the time that writing dvc.lock takes, until it is written again


@contextmanager
def opened(folder: Path) -> Iterator["Pipeline"]:
    """The pipeline of ``folder``, with everything that was made there and not recorded yet.

    Raises:
        VqaxError: as ``dvc_errors``.
    """
    with (
        dvc_errors(folder),
        optional("dvc.repo").Repo(str(folder), _wait_for_lock=True) as repo,
    ):
        pipeline = Pipeline(folder, repo)
        pipeline.recover()
        yield pipeline


class Pipeline:
    """Stages by name, and what of them has to be written to dvc.lock."""

    def __init__(self, folder: Path, repo: Any) -> None:
        self.folder, self.repo = folder, repo
        self._to_record: list[Any] = []
        self._next_record = 0.0

    @cached_property
    def stages(self) -> dict[str, Any]:
        return {stage.name: stage for stage in self.repo.index.stages}

    @cached_property
    def needs(self) -> dict[str, set[str]]:
        """Stage -> the stages whose outputs it reads."""
        graph = self.repo.index.graph
        return {stage.name: {need.name for need in graph.successors(stage)} for stage in graph}

    def changed(self, names: Iterable[str]) -> set[str]:
        """Those of the stages that are not what dvc.lock says."""
        known: dict[tuple[Any, ...], bool] = {}
        with self.repo.lock:
            return {name for name in names if _changed(self.stages[name], known)}

    def begin(self, name: str, *, force: bool) -> Job | None:
        """Make place for the outputs of a stage; none if there is nothing to run.

        That is so if an earlier stage has left the same as before, or DVC's cache has what the
        command made of the same inputs before.

        Raises:
            DvcException: an input is missing.
        """
        from dvc.stage.cache import RunCacheNotFoundError

        stage = self.stages[name]
        with self.repo.lock:
            if not (force or _changed(stage, {})):
                return None
            stage.remove_outs(ignore_remove=False, force=False)
            inputs = inputs_of(stage)
            try:
                if force:
                    raise RunCacheNotFoundError(stage)
                self.repo.stage_cache.restore(stage)
            except RunCacheNotFoundError:
                stage.save_deps()
            else:
                self._finish(stage)
                return None
        commands = stage.cmd if isinstance(stage.cmd, list) else stage.cmd.splitlines()
        outs = tuple(out.def_path for out in stage.outs)
        return Job(name, tuple(commands), self.folder, outs, inputs)

    def is_made_of(self, name: str, inputs: str) -> bool:
        """Whether a stage would be made of ``inputs`` now; if so that is noted, as by ``begin``."""
        from dvc.exceptions import DvcException

        stage = self.stages[name]
        with self.repo.lock:
            try:
                same = inputs_of(stage) == inputs
            except DvcException:  # an input is missing
                return False
            if same:
                stage.save_deps()
            return same

    def finish(self, name: str) -> None:
        """The stage is made; dvc.lock will say so soon.

        What it was made of is what was there when it began: ``begin`` has noted that.

        Raises:
            DvcException: an output is missing.
        """
        with self.repo.lock:
            self._finish(self.stages[name])
        if time.monotonic() > self._next_record:
            self.record()

    def _finish(self, stage: Any) -> None:
        """As ``dvc commit`` does it, but for dvc.lock."""
        stage.save_outs()
        stage.md5 = stage.compute_md5()
        if all(out.use_cache or out.is_metric or out.is_plot for out in stage.outs):
            self.repo.stage_cache.save(stage)
        stage.commit()
        self._to_record.append(stage)

    def record(self) -> None:
        """Write everything that was made to dvc.lock, at once."""
        with self.repo.lock:
            self._record()

    def recover(self) -> None:
        """Record what was made before, as long as its inputs and outputs are what they were."""
        with self.repo.lock:
            release_dead(self.folder)
            found = list(receipts.read(self.folder))
            for receipt in found:
                stage = self.stages.get(receipt.stage)
                if stage is not None and self._is_what_was_made(stage, receipt):
                    stage.save_deps()
                    self._finish(stage)
            self._record()
            receipts.remove(self.folder, (receipt.stage for receipt in found))

    def _record(self) -> None:
        started = time.monotonic()
        if self._to_record:
            lock_file.add(self.folder, self._to_record, self.stages.keys())
            receipts.remove(self.folder, (stage.name for stage in self._to_record))
            self._to_record = []
        self._next_record = time.monotonic() + PAUSE * (time.monotonic() - started)

    def _is_what_was_made(self, stage: Any, receipt: receipts.Receipt) -> bool:
        from dvc.exceptions import DvcException

        outs = [out.def_path for out in stage.outs]
        try:
            same = inputs_of(stage) == receipt.inputs
            return same and receipts.outs_hash(self.folder, outs) == receipt.outs
        except (DvcException, FileNotFoundError):
            return False


def _changed(stage: Any, known: dict[tuple[Any, ...], bool]) -> bool:
    """As ``dvc status``; what is hashed for one stage is ``known`` for the others."""
    if stage.is_callback or stage.always_changed or stage.changed_stage():
        return True
    return any(_differs(item, known) for item in (*stage.deps, *stage.outs))


def _differs(item: Any, known: dict[tuple[Any, ...], bool]) -> bool:
    """Whether a dependency or output is not what dvc.lock says it was."""
    kind = type(item).__name__
    if kind == "ParamsDependency":
        return bool(item.status())
    key = (kind, item.fs_path, item.hash_info.value)
    if key not in known:
        known[key] = bool(item.status())
    return known[key]


def inputs_of(stage: Any) -> str:
    """The hash of what a stage is made of now.

    Raises:
        DvcException: an input is missing.
    """
    hashes = {str(dep): dep.get_hash().value for dep in stage.deps}
    return receipts.inputs_hash(stage.cmd, hashes)


AGAIN = "run the same command again: finished stages are not repeated"


def failure(name: str, error: object) -> VqaxError:
    return VqaxError(
        f"{name}: stopped with {error or 'the error printed above'}; mend it and {AGAIN}"
    )


def failures(failed: dict[str, VqaxError], not_begun: int) -> VqaxError:
    """One error for all stages that failed; ``not_begun`` others need them."""
    if len(failed) == 1 and not not_begun:
        return next(iter(failed.values()))
    lines = "\n  ".join(str(error).rpartition("; ")[0] for error in failed.values())
    return VqaxError(
        f"{len(failed)} stage(s) failed and {not_begun} that need them were not begun; mend what "
        f"follows and {AGAIN}\n  {lines}"
    )
