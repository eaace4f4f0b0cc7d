"""The human attention maps of a data set, brought to the 14×14 grid once for all runs."""

from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np

from vqax.data import Skipped, VqaFolder
from vqax.data.hat import human_map_paths, read_human_map
from vqax.errors import BadData
from vqax.files import atomic_path
from vqax.metrics.resize import GRID, resize_area


def write_human_maps(path: Path, folder: VqaFolder, question_ids: Iterable[int]) -> list[Skipped]:
    """Write ``maps`` (n,14,14) and ``question_ids`` (n,), a row per person; list what is unusable.

    A data set without human maps gives an empty file.
    """
    found = human_map_paths(folder.human_maps_dir) if folder.human_maps_dir else {}
    ids, maps, skipped = [], [], []
    for question_id in question_ids:
        for source in found.get(question_id, ()):
            try:
                maps.append(resize_area(read_human_map(source)))
                ids.append(question_id)
            except BadData as error:
                skipped.append(Skipped(str(source), f"question_id {question_id}", str(error)))
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file["question_ids"] = np.array(ids, dtype=np.int64)
        file["maps"] = np.array(maps, dtype=np.float32).reshape(-1, *GRID)
    return skipped


def read_human_maps(path: Path) -> dict[int, np.ndarray]:
    """Question id -> its human maps (k,14,14)."""
    with h5py.File(path) as file:
        ids, maps = file["question_ids"][:], file["maps"][:]
    order = np.argsort(ids, kind="stable")
    distinct, starts = np.unique(ids[order], return_index=True)
    groups = np.split(maps[order], starts[1:])
    return {int(key): group for key, group in zip(distinct, groups, strict=False)}
