"""One process at a time: a lock that ends with the process that holds it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from vqax.errors import BadData
from vqax.files import unwritable


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file ``path`` during the block, across processes and containers.

    The system takes the lock from a process that dies, so a file that a kill left locks nothing.
    Where a file system has no locks, there is none.

    Raises:
        BadData: another process holds it, or the file cannot be made.
    """
    lock = FileLock(path, timeout=0, fallback_to_soft=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise BadData(
            f"{path}: another process holds it and makes the same; wait for that one or end it"
        ) from error
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise unwritable(path, error) from error
    try:
        yield
    finally:
        if lock.is_locked:
            path.unlink(missing_ok=True)  # one who waits for this very file notices
        lock.release()
