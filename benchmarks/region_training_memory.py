"""Training UpDn from a large region file: resident memory, and how long the model waits for data.

A file of 36 regions of 2,048 channels an image, as large as the disk allows up to 18 GB (all of
VQA v2), or ``--gb``; UpDn at its published sizes, batches of 512, bf16, through the training loop
as it is. The file's pages are dropped from the cache first. The issue asks for less than 4 GB of
resident memory and less than 10 % of the time waiting.
"""

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch

from vqax.data import Example
from vqax.learning import OBJECTIVES, epochs
from vqax.learning.batches import Batch, VqaDataset
from vqax.learning.loop import train
from vqax.models import MODELS
from vqax.settings import OptimiserSettings, TrainSettings
from vqax.text.answers import AnswerVocabulary
from vqax.text.tokens import QuestionVocabulary
from vqax.vision import FeatureWriter, RegionFile, region_columns

REGIONS, CHANNELS, ANSWERS, TOKENS = 36, 2048, 3129, 14
RECORD_BYTES = 2 * REGIONS * CHANNELS
WHOLE_GB, SPARED_GB = 18.0, 4.0
LIMIT_GB, LIMIT_WAITING = 4.0, 0.10
DISTINCT = 64


def write_feature_file(path: Path, images: int) -> None:
    """Real bytes, not holes: noise that repeats after some images."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((DISTINCT, REGIONS, CHANNELS), dtype=np.float32)
    low = np.sort(rng.uniform(0, 600, (REGIONS, 2, 2)), axis=1).astype(np.float32)
    columns = {
        "boxes": low.reshape(REGIONS, 4) + np.array([0, 0, 1, 1], dtype=np.float32),
        "classes": np.full(REGIONS, -1),
        "scores": np.zeros(REGIONS),
        "sizes": np.array([640, 640]),
    }
    attributes = {"extractor": "noise", "class_names": json.dumps([])}
    ids = range(images)
    with FeatureWriter(path, ids, (1, REGIONS), CHANNELS, attributes, region_columns()) as writer:
        for image_id in writer.missing():
            writer.write(image_id, noise[image_id % DISTINCT], **columns)
        writer.finish()


def drop_from_cache(path: Path) -> None:
    """Ask the system to forget the file's pages, so that they are read from the disk."""
    with path.open("rb") as file:
        os.fdatasync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def questions(images: int, count: int) -> list[Example]:
    """Questions about images all over the file."""
    chosen = np.random.default_rng(1).choice(images, count, replace=count > images)
    return [
        Example(k, int(image_id), "what is this thing here", "what is", "other", "0", ("0",) * 10)
        for k, image_id in enumerate(chosen)
    ]


class Stopwatch:
    """Stands for ``batches`` in the training loop and measures how long each batch is awaited."""

    def __init__(self) -> None:
        self.plain, self.waits = epochs.batches, list[float]()
        self.started = 0.0

    def __call__(self, *args: Any, **options: Any) -> Iterator[Batch]:
        batches = self.plain(*args, **options)
        self.started = perf_counter()
        try:
            while True:
                asked = perf_counter()
                batch = next(batches, None)
                self.waits.append(perf_counter() - asked)
                if batch is None:
                    return
                yield batch
        finally:
            batches.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gb", type=float, help="size of the file; none: what the disk allows")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where the file is made; none: a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        free_gb = shutil.disk_usage(name).free / 1e9
        size_gb = options.gb or min(WHOLE_GB, free_gb - SPARED_GB)
        images = int(size_gb * 1e9 / RECORD_BYTES)
        path = Path(name) / "regions.h5"
        write_feature_file(path, images)
        drop_from_cache(path)
        before_gb = resident_gb()
        waits, seconds = measure(path, Path(name), images, options)
        size_gb = path.stat().st_size / 1e9
    report(size_gb, before_gb, waits, seconds)


def measure(
    path: Path, folder: Path, images: int, options: argparse.Namespace
) -> tuple[list[float], float]:
    """Seconds of each wait, and of the whole epoch."""
    examples = questions(images, options.steps * options.batch_size)
    dataset = VqaDataset(
        examples,
        RegionFile(path),
        QuestionVocabulary.from_questions([one.question for one in examples[:1]]),
        AnswerVocabulary(tuple(str(k) for k in range(ANSWERS))),
        TOKENS,
    )
    torch.manual_seed(0)
    model = MODELS["updn"](words=15000, answers=ANSWERS, visual_dim=CHANNELS)
    stopwatch = Stopwatch()
    epochs.batches = stopwatch  # type: ignore[assignment]
    train(
        model,
        OBJECTIVES["answer"](),
        dataset,
        None,
        TrainSettings(
            epochs=1,
            batch_size=options.batch_size,
            optimiser=OptimiserSettings("adamax", 2e-3),
            clip=0.25,
            precision="bf16",
            seed=0,
        ),
        checkpoint_dir=folder / "checkpoints",
        fingerprint={},
        workers=options.workers,
    )
    return stopwatch.waits, perf_counter() - stopwatch.started


def report(size_gb: float, before_gb: float, waits: list[float], seconds: float) -> None:
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    first, rest = waits[0], sum(waits[1:])
    waiting = rest / (seconds - first)
    print(
        f"{size_gb:.1f} GB of regions, {len(waits) - 1} steps in {seconds:.1f} s: resident memory "
        f"{before_gb:.2f} GB before, {peak_gb:.2f} GB at most (limit {LIMIT_GB:.0f}); first batch "
        f"after {first:.2f} s, then waiting {100 * waiting:.1f} % of the time (limit "
        f"{100 * LIMIT_WAITING:.0f} %)"
    )
    if peak_gb >= LIMIT_GB or waiting >= LIMIT_WAITING:
        sys.exit("a limit is exceeded")


def resident_gb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e9


if __name__ == "__main__":
    main()
