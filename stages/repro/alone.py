"""One ``vqax repro`` at a time in a folder: the next waits for the last stage of the one before.

The processes that run stages hold the lock as well, so it is held until a stage is finished whose
``vqax repro`` was killed.
"""

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

LOCK = Path(".dvc") / "tmp" / "vqax" / "running"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until nobody else runs stages in ``folder``; from then on others wait for us."""
    with _opened(folder) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"{folder}: another vqax repro finishes its stages; waiting for it\n")
            fcntl.flock(file, fcntl.LOCK_EX)
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def join(folder: Path) -> IO[bytes]:
    """Hold the lock with the ``vqax repro`` that has started this process, until closed."""
    file = _opened(folder)
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def _opened(folder: Path) -> IO[bytes]:
    path = folder / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("ab")
