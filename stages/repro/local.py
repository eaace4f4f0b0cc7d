"""Stages in processes of this machine; a command that has begun is finished whatever happens.

Where ``vqax repro`` is killed, these processes end after the command that runs, and the last of
them writes to dvc.lock what was made.
"""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context, parent_process
from pathlib import Path
from types import TracebackType

from stages.repro import receipts
from stages.repro.dvc_itself import path_of_commands
from stages.repro.runner import Job, LeftOver
from stages.repro.warm_start import run_script

RUNNING = threading.Lock()  # held while a job runs


class LocalRunner:
    """``jobs`` processes, each with its share of the cores."""

    def __init__(self, folder: Path, jobs: int) -> None:
        threads = max(1, (os.cpu_count() or 1) // jobs) if jobs > 1 else None
        self._pool = ProcessPoolExecutor(
            jobs, get_context("spawn"), initializer=_enter, initargs=(folder, threads)
        )

    def __enter__(self) -> "LocalRunner":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, job: Job) -> Future[int]:
        return self._pool.submit(_run, job)

    def left_over(self) -> list[LeftOver]:
        """Nothing: processes that outlive their ``vqax repro`` only finish what runs."""
        return []

    def stop(self, stage: str) -> None:
        """Nothing is left over that could be stopped."""


def _enter(folder: Path, threads: int | None) -> None:
    """What stages print goes to stderr: stdout is for the summary of ``vqax repro``."""
    # Ctrl-C reaches the commands themselves; they end, and with them the stage
    signal.signal(signal.SIGINT, lambda *_: None)
    os.dup2(2, 1)
    os.environ["PATH"] = path_of_commands()
    if threads is not None:
        os.environ["OMP_NUM_THREADS"] = str(threads)
    threading.Thread(target=_end_with_parent, args=(folder,), daemon=True).start()


def _run(job: Job) -> int:
    """The exit status of the first command that fails, or 0 and a receipt."""
    with RUNNING:
        sys.stderr.write(f"Running stage '{job.stage}':\n")
        for command in job.commands:
            sys.stderr.write(f"> {command}\n")
            if status := _status(command, job):
                return status
        with suppress(FileNotFoundError):  # an output that is missing is told by DVC
            made = receipts.outs_hash(job.folder, job.outs)
            receipts.write(job.folder, receipts.Receipt(job.stage, job.inputs, made))
    return 0


def _status(command: str, job: Job) -> int:
    environment = {**os.environ, "DVC_STAGE": job.stage, "DVC_ROOT": str(job.folder)}
    status = run_script(command, environment, str(job.folder))
    if status is None:
        shell = os.environ.get("SHELL") or "/bin/sh"
        done = subprocess.run([shell, "-c", command], cwd=job.folder, env=environment, check=False)
        status = done.returncode
    return status


def _end_with_parent(folder: Path) -> None:
    """Where ``vqax repro`` was killed, nobody asks for stages, and nobody records them."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        with RUNNING:
            if any((folder / receipts.FOLDER).glob("*.json")):
                from stages.repro.pipeline import opened

                with opened(folder):
                    pass
            os._exit(1)
