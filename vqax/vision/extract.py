"""A set of pictures to a feature file; decoding runs while the network computes."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import torch
from jaxtyping import UInt8
from torch import Tensor

from vqax.data.pictures import load_rgb
from vqax.data.records import Skipped
from vqax.errors import VqaxError
from vqax.vision.grid import GridExtractor
from vqax.vision.resize import preprocess
from vqax.vision.writer import FeatureWriter

AHEAD = 2
"""Batches decoded before the network asks for them."""

Picture = UInt8[Tensor, "3 h w"]


def extract(
    pictures: Mapping[int, Path],
    extractor: GridExtractor,
    path: Path,
    *,
    batch_size: int = 8,
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
        parts = [image_ids[i : i + batch_size] for i in range(0, len(image_ids), batch_size)]
        todo = [part for part in parts if not missing.isdisjoint(part)]
        done = len(image_ids) - sum(map(len, todo))
        for part, decoded in _decode_ahead(todo, pictures, extractor.input_px, workers):
            whole = {i: p for i, p in zip(part, decoded, strict=True) if isinstance(p, Tensor)}
            skipped += [
                Skipped(str(pictures[image_id]), f"image_id {image_id}", str(reason))
                for image_id, reason in zip(part, decoded, strict=True)
                if isinstance(reason, VqaxError)
            ]
            _write(writer, extractor, whole)
            done += len(part)
            if progress is not None:
                progress(done, len(image_ids))
        writer.finish()
    return skipped


def _write(writer: FeatureWriter, extractor: GridExtractor, pictures: dict[int, Tensor]) -> None:
    if not pictures:
        return
    with torch.inference_mode():
        features = extractor(torch.stack(list(pictures.values()))).cpu().numpy()
    for image_id, cells in zip(pictures, features, strict=True):
        writer.write(image_id, cells)


def _decode_ahead(
    parts: Sequence[Sequence[int]], pictures: Mapping[int, Path], input_px: int, workers: int
) -> Iterator[tuple[Sequence[int], list[Picture | VqaxError]]]:
    """The pictures of each part, or why one has none; ``AHEAD`` parts are under way."""
    ahead: deque[list[Future[Picture | VqaxError]]] = deque()
    pool = ThreadPoolExecutor(max(1, workers), thread_name_prefix="pictures")
    try:
        for start in range(len(parts) + AHEAD):
            if start < len(parts):
                paths = [pictures[image_id] for image_id in parts[start]]
                ahead.append([pool.submit(_decode, path, input_px) for path in paths])
            if start >= AHEAD:
                yield parts[start - AHEAD], [future.result() for future in ahead.popleft()]
    finally:
        pool.shutdown(cancel_futures=True)


def _decode(path: Path, input_px: int) -> Picture | VqaxError:
    try:
        return preprocess(load_rgb(path), input_px)
    except VqaxError as error:
        return error
