"""Maps on disk: one HDF5 of raw, signed maps per run and method, and the index that finds them."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from vqax import hdf5
from vqax.files import atomic_path, read_parquet, write_parquet
from vqax.foreign import reading

INDEX_COLUMNS = ["question_id", "method", "row", "answer", "file"]


class Maps:
    """The maps of a split by method, filled batch by batch; 800 bytes each on a 14×14 grid."""

    def __init__(self, question_ids: np.ndarray, grid: tuple[int, int]) -> None:
        self.question_ids, self.shape = question_ids, (len(question_ids), *grid)
        self.methods: dict[str, np.ndarray] = {}

    def add(self, method: str, start: int, maps: np.ndarray) -> None:
        """Put (b,h,w) raw maps where the questions from ``start`` on have theirs."""
        own = self.methods.setdefault(method, np.full(self.shape, np.nan, dtype=np.float32))
        own[start : start + len(maps)] = maps

    def write(self, folder: Path, answers: list[str]) -> None:
        """One HDF5 per method, then the index: question, method, row, answer explained, file."""
        for method, maps in self.methods.items():
            write_hdf5(folder / f"{method}.h5", question_ids=self.question_ids, maps=maps)
        rows = [
            (int(question_id), method, row, answers[row], f"{method}.h5")
            for method in self.methods
            for row, question_id in enumerate(self.question_ids)
        ]
        write_parquet(folder / "index.parquet", pd.DataFrame(rows, columns=INDEX_COLUMNS))


def write_hdf5(path: Path, **datasets: np.ndarray) -> None:
    """Write a file in one go: HDF5 crashes the process if the disk fills up while it closes one.

    Raises:
        BadData: the folder is read-only or the disk is full.
    """
    image = BytesIO()
    with h5py.File(image, "w") as file:
        for name, values in datasets.items():
            file[name] = values
    with atomic_path(path) as temporary:
        temporary.write_bytes(image.getbuffer())


def read_maps(folder: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Method, question_ids (n,) and raw maps (n,h,w) of everything a run's index names."""
    index = read_parquet(folder / "index.parquet")
    for method, rows in index.groupby("method", sort=False):
        with open_hdf5(folder / rows["file"].iloc[0]) as file:
            maps = file["maps"][:]
        yield str(method), rows["question_id"].to_numpy(), maps[rows["row"].to_numpy()]


def read_map(folder: Path, question_id: int) -> tuple[str, np.ndarray | None]:
    """The attention for a question, the first other map without attention, or no map."""
    index = read_parquet(folder / "index.parquet")
    rows = index[index["question_id"] == question_id].set_index("method")
    if rows.empty:
        return "none", None
    method = "attention" if "attention" in rows.index else str(rows.index[0])
    with open_hdf5(folder / str(rows.loc[method, "file"])) as file:
        return method, file["maps"][int(rows.loc[method, "row"])]


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """A file of maps, open for reading.

    Raises:
        MissingArtefact: there is no such file.
        BadData: it is cut or damaged; also where the block reads what is not there.
    """
    remedy, absent = "delete it and run `vqax explain`", "no such file; run `vqax explain`"
    file = hdf5.open_hdf5(path, remedy=remedy, absent=absent, output=path)
    with reading(path, "a whole file of maps", remedy, output=path), file:
        yield file
