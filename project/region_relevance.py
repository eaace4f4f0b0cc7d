"""What falls on each region, on disk beside the maps of a run, and how much of it where needed."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from project.maps import open_hdf5, write_hdf5
from vqax.files import read_parquet
from vqax.metrics import REGION_METRICS
from vqax.metrics.key_objects import on_relevant, padded_boxes

FILE = "regions.h5"
BOX = ["x1", "y1", "x2", "y2"]


def write_region_maps(
    folder: Path,
    question_ids: np.ndarray,
    boxes: np.ndarray,
    sizes: np.ndarray,
    weights: dict[str, np.ndarray],
) -> None:
    """``regions.h5``: question_ids, boxes (n,l,4), sizes (n,2), and per method weights (n,l)."""
    shared = {"question_ids": question_ids, "boxes": boxes, "sizes": sizes}
    write_hdf5(folder / FILE, **shared, **weights)


def relevance_scores(source: Path, dataset: Path, questions: pd.DataFrame) -> dict[str, np.ndarray]:
    """``{method}_needed_share`` and ``{method}_pointing`` per question; none of a grid.

    NaN where no region shows an object that the question needs, or nothing is known of them.
    Negative evidence counts as none.
    """
    path = source / FILE
    relevant = read_parquet(dataset / "relevant_objects.parquet")
    if not path.is_file() or relevant.empty:
        return {}
    with open_hdf5(path) as file:
        found: dict[str, Any] = {name: values[:] for name, values in file.items()}
    ids, boxes = found.pop("question_ids"), found.pop("boxes")
    del found["sizes"]
    of = {
        question_id: table[BOX].to_numpy() for question_id, table in relevant.groupby("question_id")
    }
    none = np.empty((0, 4))
    shows = on_relevant(boxes, padded_boxes([of.get(question_id, none) for question_id in ids]))
    order = pd.Index(ids).get_indexer(questions["question_id"])
    return {
        f"{method}_{name}": measure.compute(np.maximum(weights, 0), shows)[order]
        for method, weights in found.items()
        for name, measure in REGION_METRICS.items()
    }
