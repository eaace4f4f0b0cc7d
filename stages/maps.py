"""Maps on disk: one HDF5 of raw, signed maps per run and method, and the index that finds them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from vqax.errors import BadData, MissingArtefact
from vqax.files import atomic_path, read_parquet

INDEX_COLUMNS = ["question_id", "method", "row", "answer", "file"]


class MapFiles:
    """One HDF5 per method, filled batch by batch, in place only when all of them are whole."""

    def __init__(self, folder: Path, question_ids: np.ndarray, grid: tuple[int, int]) -> None:
        self.folder, self.ids, self.grid = folder, question_ids, grid
        self.methods: dict[str, h5py.File] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "MapFiles":
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def write(self, method: str, start: int, maps: np.ndarray) -> None:
        """Store (b,h,w) maps of the questions from ``start`` on."""
        if method not in self.methods:
            path = self._stack.enter_context(atomic_path(self.folder / f"{method}.h5"))
            file = self._stack.enter_context(h5py.File(path, "w"))
            file["question_ids"] = self.ids
            file.create_dataset("maps", (len(self.ids), *self.grid), np.float32)
            self.methods[method] = file
        self.methods[method]["maps"][start : start + len(maps)] = maps

    def index(self, answers: list[str]) -> pd.DataFrame:
        """Where the map of each question and method lies, and for which answer it was made."""
        rows = range(len(self.ids))
        return pd.DataFrame(
            [
                (int(self.ids[row]), method, row, answers[row], f"{method}.h5")
                for method in self.methods
                for row in rows
            ],
            columns=INDEX_COLUMNS,
        )


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
        BadData: it is cut or damaged.
    """
    if not path.is_file():
        raise MissingArtefact(f"{path}: no such file; run `vqax repro` to produce it")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, KeyError) as error:
        raise BadData(
            f"{path}: not a whole file of maps ({error}); delete it and run `vqax repro`"
        ) from error
