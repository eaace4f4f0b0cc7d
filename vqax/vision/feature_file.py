"""Features on disk, one HDF5 record per image, read when they are asked for."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from jaxtyping import Float16, Float32, Int

from vqax.errors import BadData, MissingArtefact
from vqax.foreign import reading
from vqax.hdf5 import claim, numbers, open_hdf5, rows_by_id
from vqax.vision.writer import FeatureWriter

__all__ = ["FeatureFile", "FeatureWriter"]

AGAIN = "extract it again"


class FeatureFile:
    """A finished feature file; memory does not grow with its size.

    ``image_ids`` (n), ``grid`` (h,w), ``width`` d and ``attributes`` are read at once, records
    when asked for. Every process opens the file for itself, so a feature file may be forked or
    pickled to workers; threads may share it.

    Raises:
        MissingArtefact: there is no such file.
        BadData: it is cut, not a feature file, or made by another extractor than ``extractor``.
    """

    made_with = "vqax features extract"

    def __init__(self, path: Path, *, extractor: str | None = None) -> None:
        self.path = path
        self._opened: tuple[int, h5py.File, h5py.Dataset] | None = None
        with reading(path, "a feature file", AGAIN, output=path), self._open() as file:
            self._read_index(file)
        made_by = self.attributes.get("extractor")
        if extractor is not None and made_by != extractor:
            raise BadData(
                f"{path}: features of extractor {made_by}, expected {extractor}; "
                "extract them again or set the extractor back"
            )

    def record(self, image_id: int | np.integer) -> Float16[np.ndarray, "l d"]:
        """The cells of an image as stored.

        Raises:
            MissingArtefact: the image has no features.
            BadData: a value is not finite, or the file cannot be read.
        """
        row = self._row(image_id)
        with self._reading(image_id):
            record: Float16[np.ndarray, "l d"] = self._features()[row]
        if not _finite(record):
            raise BadData(
                f"{self.path}: the features of image_id {image_id} hold NaN or infinity; "
                "extract them again"
            )
        return record

    def batch(
        self, image_ids: Int[np.ndarray, "b"] | Sequence[int]
    ) -> Float32[np.ndarray, "b l d"]:
        """The cells of images, in their order; read in file order, each image once.

        Raises:
            MissingArtefact: an image has no features.
            BadData: a value is not finite, or the file cannot be read.
        """
        wanted = sorted({int(image_id) for image_id in image_ids}, key=self._row)
        records = np.empty((len(wanted), *self._record_shape), dtype=np.float16)
        for index, image_id in enumerate(wanted):
            records[index] = self.record(image_id)
        place = {image_id: index for index, image_id in enumerate(wanted)}
        order = [place[int(image_id)] for image_id in image_ids]
        # by torch: numpy casts fp16 some fifteen times slower
        cells: Float32[np.ndarray, "b l d"] = torch.from_numpy(records[order]).float().numpy()
        return cells

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def _reading(self, image_id: int | np.integer) -> AbstractContextManager[None]:
        return reading(self.path, "a record that can be read", AGAIN, entry=f"image_id {image_id}")

    def _read_index(self, file: h5py.File) -> None:
        features = numbers(file, "features", axes=[3], kinds="f")
        done = claim(numbers(file, "done", axes=[1], kinds="u"))
        image_ids = claim(numbers(file, "image_ids", axes=[1], kinds="i"))
        if not features.shape[0] == done.shape[0] == image_ids.shape[0]:
            raise ValueError(
                f"{features.shape[0]} features, but {image_ids.shape[0]} image_ids and "
                f"{done.shape[0]} done"
            )
        if features.dtype != np.float16:
            raise ValueError(f"features are {features.dtype}, not float16")
        self._record_shape = claim(features, rows=1).shape[1:]
        self.grid = _grid(file, cells=features.shape[1])
        self.width = int(features.shape[2])
        self.attributes: dict[str, Any] = {
            key: value.item() if isinstance(value, np.generic) else value
            for key, value in file.attrs.items()
            if key != "grid"
        }
        rows = np.flatnonzero(done[:])
        self.image_ids: np.ndarray = image_ids[:][rows]
        self._rows = rows_by_id(self.image_ids, rows, "image_ids")

    def _row(self, image_id: int | np.integer) -> int:
        row = self._rows.get(int(image_id))
        if row is None:
            raise MissingArtefact(
                f"{self.path}: image_id {image_id} has no features among {len(self._rows)}; its "
                "image was skipped or is of another data set, extract it"
            )
        return row

    def _features(self) -> h5py.Dataset:
        return self._own_file()[2]

    def _own_file(self) -> tuple[int, h5py.File, h5py.Dataset]:
        """The file and its features through this process's own handle: none survives a fork."""
        opened = self._opened
        if opened is None or opened[0] != os.getpid():
            # let go of the parent's handle first, or HDF5 hands it out again
            opened = self._opened = None
            file = self._open()
            opened = self._opened = (os.getpid(), file, file["features"])
        return opened

    def _open(self) -> h5py.File:
        command = f"{self.made_with} {self.path.stem}"
        return open_hdf5(
            self.path,
            remedy=f"if it is cut or damaged, delete it and {AGAIN}",
            absent=f"no such feature file; run `{command}`",
            output=self.path,
        )


def _grid(file: h5py.File, *, cells: int) -> tuple[int, int]:
    """Height and width of the grid whose cells a record lists."""
    height, width = (int(side) for side in file.attrs["grid"])
    if height * width != cells or height < 1:
        raise ValueError(f"records of {cells} cells on a grid of {height}x{width}")
    return height, width


def _finite(record: Float16[np.ndarray, "l d"]) -> bool:
    """Whether no exponent is all ones; on fp16 eight times faster than ``np.isfinite``."""
    return bool((record.view(np.uint16) & 0x7FFF).max() < 0x7C00)
