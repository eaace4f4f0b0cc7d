"""What falls on each region: kept as it is, and spread over a grid to be compared with people."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from stages.maps import open_hdf5, write_hdf5
from vqax.files import read_parquet
from vqax.metrics import REGION_METRICS
from vqax.metrics.key_objects import on_needed, padded_boxes
from vqax.metrics.resize import GRID
from vqax.vision.rasterise import rasterise
from vqax.vision.region_store import RegionStore
from vqax.vision.regions import relative

FILE = "regions.h5"
BOX = ["x1", "y1", "x2", "y2"]


class RegionMaps:
    """The weights (n,l) of every method, beside boxes in pixels and sizes of the pictures."""

    def __init__(self, store: RegionStore, question_ids: np.ndarray, image_ids: np.ndarray) -> None:
        self.question_ids = question_ids
        self.boxes, self.sizes = store.boxes(image_ids), store.sizes(image_ids)
        self.weights: dict[str, np.ndarray] = {}

    def on_grid(self, method: str, start: int, raw: Tensor) -> Tensor:
        """Keep raw weights (b,1,l) of the questions from ``start`` on; (b,14,14) maps of them.

        The weight of a region is spread evenly over its box.
        """
        rows = slice(start, start + len(raw))
        weights = raw.detach().float().cpu()[:, 0]
        own = self.weights.setdefault(method, np.full(self.boxes.shape[:2], np.nan, np.float32))
        own[rows] = weights.numpy()
        fractions = relative(self.boxes[rows], self.sizes[rows])
        return rasterise(weights, torch.from_numpy(fractions), GRID)

    def write(self, folder: Path) -> None:
        """``regions.h5``: question_ids, boxes (n,l,4), sizes (n,2), and per method (n,l)."""
        shared = {"question_ids": self.question_ids, "boxes": self.boxes, "sizes": self.sizes}
        write_hdf5(folder / FILE, **shared, **self.weights)


def needed_scores(source: Path, dataset: Path, questions: pd.DataFrame) -> dict[str, np.ndarray]:
    """``{method}_needed_share`` and ``{method}_pointing`` per question; none of a grid.

    NaN where no region shows an object that the question needs, or nothing is known of them.
    Negative evidence counts as none.
    """
    path = source / FILE
    needed = read_parquet(dataset / "needed.parquet")
    if not path.is_file() or needed.empty:
        return {}
    with open_hdf5(path) as file:
        found: dict[str, Any] = {name: values[:] for name, values in file.items()}
    ids, boxes = found.pop("question_ids"), found.pop("boxes")
    del found["sizes"]
    of = {
        question_id: table[BOX].to_numpy() for question_id, table in needed.groupby("question_id")
    }
    none = np.empty((0, 4))
    shows = on_needed(boxes, padded_boxes([of.get(question_id, none) for question_id in ids]))
    order = pd.Index(ids).get_indexer(questions["question_id"])
    return {
        f"{method}_{name}": measure.compute(np.maximum(weights, 0), shows)[order]
        for method, weights in found.items()
        for name, measure in REGION_METRICS.items()
    }
