"""Jobs on several threads, each with one thread of torch's, results in the order of the jobs.

On 2 idle cores this equals a network that spreads over both, on a busy machine it is several
times faster (nobody waits for the slowest thread in every layer), and the bytes do not depend on
the number of cores.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import torch

Job = TypeVar("Job")
Result = TypeVar("Result")


def side_by_side(
    jobs: Sequence[Job], run: Callable[[Job], Result], workers: int
) -> Iterator[Result]:
    """``run`` of every job, in order; at most two results for each worker are held at a time."""
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(workers, "extract", torch.set_num_threads, (1,))
    try:
        waiting = iter(jobs)
        ahead: deque[Future[Result]] = deque()
        for job in islice(waiting, 2 * workers):
            ahead.append(pool.submit(run, job))
        while ahead:
            result = ahead.popleft().result()
            ahead.extend(pool.submit(run, job) for job in islice(waiting, 1))
            yield result
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
