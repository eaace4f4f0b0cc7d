"""A set of images to a feature file, several batches side by side.

Each worker decodes its images and runs the network on them with one thread of its own.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vqax.data.images import load_rgb
from vqax.data.records import Skipped
from vqax.errors import VqaxError
from vqax.vision.grid import GridExtractor
from vqax.vision.resize import preprocess
from vqax.vision.side_by_side import side_by_side
from vqax.vision.writer import FeatureWriter


class _Part(NamedTuple):
    """What became of one batch of images."""

    features: dict[int, np.ndarray]
    skipped: list[Skipped]


def extract(
    images: Mapping[int, Path],
    extractor: GridExtractor,
    path: Path,
    *,
    batch_size: int = 4,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> list[Skipped]:
    """Write the features of the images (by image_id) to ``path``; return those left out.

    Killed and called again it goes on, and ends with the same bytes: a batch is always made of
    the same images, because the last digits of a network's output depend on its batch.
    Images that are absent or damaged are left out. ``progress`` gets (done, total) images.

    Raises:
        UsageError: there are no images.
        BadData: none of them can be read, a feature is NaN, or the file cannot be written.
    """
    image_ids = sorted(images)
    attributes = {**extractor.attributes, "batch_size": batch_size}
    skipped: list[Skipped] = []
    with FeatureWriter(path, image_ids, extractor.grid, extractor.width, attributes) as writer:
        missing = set(writer.missing())
        batches = [image_ids[i : i + batch_size] for i in range(0, len(image_ids), batch_size)]
        todo = [batch for batch in batches if not missing.isdisjoint(batch)]
        done = len(image_ids) - sum(map(len, todo))
        jobs = [{image_id: images[image_id] for image_id in batch} for batch in todo]
        for part in side_by_side(jobs, partial(_run, extractor=extractor), max(1, workers)):
            for image_id, cells in part.features.items():
                writer.write(image_id, cells)
            skipped += part.skipped
            done += len(part.features) + len(part.skipped)
            if progress is not None:
                progress(done, len(image_ids))
        writer.finish()
    return skipped


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
