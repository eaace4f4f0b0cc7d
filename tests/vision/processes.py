"""Forked children that do a job and end without the cleaning up of a test run."""

import os
import signal
import warnings
from collections.abc import Callable


def fork(job: Callable[[], object]) -> int:
    """The process id of a child that runs ``job``; it exits 0, or 1 if the job raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads and fork, Python 3.12
        process = os.fork()
    if process == 0:
        status = 1
        try:
            job()
            status = 0
        finally:
            os._exit(status)
    return process


def exit_status(process: int) -> int:
    """0 if the job ended well, minus the number of the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)
