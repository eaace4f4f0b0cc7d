"""A set of pictures to a feature file, several batches side by side.

Each worker decodes its pictures and runs the network on them with one thread of its own. On 2
idle cores this equals a network that spreads over both, on a busy machine it is several times
faster (nobody waits for the slowest thread in every layer), and the bytes do not depend on the
number of cores.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vqax.data.pictures import load_rgb
from vqax.data.records import Skipped
from vqax.errors import VqaxError
from vqax.vision.grid import GridExtractor
from vqax.vision.resize import preprocess
from vqax.vision.writer import FeatureWriter


class _Part(NamedTuple):
    """What became of one batch of pictures."""

    features: dict[int, np.ndarray]
    skipped: list[Skipped]


def extract(
    pictures: Mapping[int, Path],
    extractor: GridExtractor,
    path: Path,
    *,
    batch_size: int = 4,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> list[Skipped]:
    """Write the features of the pictures (by image_id) to ``path``; return those left out.

    Killed and called again it goes on, and ends with the same bytes: a batch is always made of
    the same pictures, because the last digits of a network's output depend on its batch.
    Pictures that are absent or damaged are left out. ``progress`` gets (done, total) pictures.

    Raises:
        UsageError: there are no pictures.
        BadData: none of them can be read, a feature is NaN, or the file cannot be written.
    """
    image_ids = sorted(pictures)
    attributes = {**extractor.attributes, "batch_size": batch_size}
    skipped: list[Skipped] = []
    with FeatureWriter(path, image_ids, extractor.grid, extractor.width, attributes) as writer:
        missing = set(writer.missing())
        batches = [image_ids[i : i + batch_size] for i in range(0, len(image_ids), batch_size)]
        todo = [batch for batch in batches if not missing.isdisjoint(batch)]
        done = len(image_ids) - sum(map(len, todo))
        jobs = [{image_id: pictures[image_id] for image_id in batch} for batch in todo]
        for part in _side_by_side(jobs, extractor, max(1, workers)):
            for image_id, cells in part.features.items():
                writer.write(image_id, cells)
            skipped += part.skipped
            done += len(part.features) + len(part.skipped)
            if progress is not None:
                progress(done, len(image_ids))
        writer.finish()
    return skipped


def _side_by_side(
    jobs: Sequence[Mapping[int, Path]], extractor: GridExtractor, workers: int
) -> Iterator[_Part]:
    """The parts in the order of the jobs; at most two for each worker are held at a time."""
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(workers, "extract", torch.set_num_threads, (1,))
    try:
        waiting = iter(jobs)
        ahead: deque[Future[_Part]] = deque()
        for job in islice(waiting, 2 * workers):
            ahead.append(pool.submit(_run, job, extractor))
        while ahead:
            part = ahead.popleft().result()
            ahead.extend(pool.submit(_run, job, extractor) for job in islice(waiting, 1))
            yield part
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def _run(job: Mapping[int, Path], extractor: GridExtractor) -> _Part:
    squares: dict[int, Tensor] = {}
    skipped: list[Skipped] = []
    for image_id, path in job.items():
        try:
            squares[image_id] = preprocess(load_rgb(path), extractor.input_px)
        except VqaxError as error:
            skipped.append(Skipped(str(path), f"image_id {image_id}", str(error)))
    if not squares:
        return _Part({}, skipped)
    with torch.inference_mode():
        features = extractor(torch.stack(list(squares.values()))).cpu().numpy()
    return _Part(dict(zip(squares, features, strict=True)), skipped)
