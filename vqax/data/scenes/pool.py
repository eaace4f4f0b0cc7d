"""Jobs run in order, in this process or in several, with one count of what is done."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Progress = Callable[[int, int], None]
Job = TypeVar("Job")
Done = TypeVar("Done")


class Pool:
    """Runs jobs in order, here or in ``workers`` processes, and counts what is done."""

    def __init__(
        self, executor: ProcessPoolExecutor | None, progress: Progress | None, total: int
    ) -> None:
        self._map = map if executor is None else executor.map
        self._progress, self._total, self._done = progress, total, 0

    def run(self, work: Callable[[Job], Sequence[Done]], jobs: Iterable[Job]) -> Iterator[Done]:
        """Everything the jobs return, in the order of the jobs."""
        for done in self._map(work, jobs):
            self._done += len(done)
            if self._progress is not None:
                self._progress(self._done, self._total)
            yield from done


@contextmanager
def open_pool(workers: int, progress: Progress | None, total: int) -> Iterator[Pool]:
    """A pool of ``workers`` processes, none but this one for 1; ``total`` is for ``progress``."""
    if workers <= 1:
        yield Pool(None, progress, total)
        return
    # spawn: forking a process that has already started torch's threads can hang
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as executor:
        yield Pool(executor, progress, total)
