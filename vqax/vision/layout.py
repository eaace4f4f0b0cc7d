"""How a feature file is laid out: written once and whole, so that no kill can damage it.

Datasets: ``features`` (n,l,d) fp16 in chunks of one record, ``image_ids`` (n) int64, ``done`` (n)
uint8 that is 0 for images without features; further columns (n,…) if their writer has some.
Attributes: ``grid`` (h,w), ``extractor`` and what else its writer tells.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import h5py
import numpy as np
from jaxtyping import Int64, UInt8

from vqax.errors import BadData
from vqax.vision.holes import HoleyFile

LIBVER = ("v110", "v110")
"""From this file version on, chunks allocated early lie one after the other."""

Attributes = Mapping[str, Any]


class Column(NamedTuple):
    """What a file keeps of every image beside its features: shape of one record, numpy type."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def nbytes(self) -> int:
        """Of one record."""
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize


Columns = Mapping[str, Column]
NO_COLUMNS: Columns = MappingProxyType({})


class Places(NamedTuple):
    """Byte offsets of the first record of each dataset, and what is done."""

    first_record: int
    first_done: int
    first_of: Mapping[str, int]
    done: UInt8[np.ndarray, "n"]


def check_space(path: Path, shape: tuple[int, int, int], columns: Columns = NO_COLUMNS) -> None:
    """Notice before hours of work that the records will not fit.

    Raises:
        BadData: the disk has less space than they need.
    """
    record = 2 * shape[1] * shape[2] + sum(column.nbytes for column in columns.values())
    needed, free = shape[0] * record, shutil.disk_usage(path.parent).free
    if needed > free:
        raise BadData(
            f"{path}: needs {needed / 1e6:,.0f} MB, the disk has {free / 1e6:,.0f} MB free; "
            "free some space or choose another folder"
        )


def create(
    path: Path,
    shape: tuple[int, int, int],
    image_ids: Int64[np.ndarray, "n"],
    attributes: Attributes,
    columns: Columns = NO_COLUMNS,
) -> None:
    """Write the structure with room for every record; the room is a hole until it is filled.

    Raises:
        OSError: the file system refuses.
    """
    holey = HoleyFile()
    with h5py.File(holey, "w", libver=LIBVER) as file:
        file.create_dataset("features", shape, "<f2", chunks=(1, *shape[1:]), dcpl=_early())
        for name, column in columns.items():
            whole = (shape[0], *column.shape)
            file.create_dataset(name, whole, column.dtype, dcpl=_early())
        file["image_ids"] = image_ids
        file["done"] = np.zeros(shape[0], dtype=np.uint8)
        file.attrs.update(attributes)
    holey.save(path)


def matches(
    path: Path,
    shape: tuple[int, int, int],
    image_ids: Int64[np.ndarray, "n"],
    attributes: Attributes,
    columns: Columns = NO_COLUMNS,
) -> bool:
    """Whether the file is whole and was begun for the very same features."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            return bool(
                file["features"].shape == shape
                and np.array_equal(file["image_ids"][:], image_ids)
                and file["done"].shape == shape[:1]
                and all(_is(file[name], shape[0], columns[name]) for name in columns)
                and file.attrs.keys() == attributes.keys()
                and all(np.array_equal(file.attrs[key], attributes[key]) for key in attributes)
            )
    except Exception:  # noqa: BLE001 - a damaged file is begun anew, whatever is wrong with it
        return False


def locate(path: Path, columns: Columns = NO_COLUMNS) -> Places:
    """Where records, ``done`` bytes and columns lie in the file.

    Raises:
        OSError: this HDF5 library did not place the records one after the other.
    """
    with h5py.File(path, "r", locking=False) as file:
        features = file["features"]
        records, cells, width = features.shape
        chunk = features.id.get_chunk_info_by_coord
        first, last = (chunk((row, 0, 0)).byte_offset for row in (0, records - 1))
        if last - first != 2 * cells * width * (records - 1):
            raise OSError("this version of HDF5 scatters the records; install h5py>=3.11")
        offsets = {name: file[name].id.get_offset() for name in columns}
        return Places(first, file["done"].id.get_offset(), offsets, file["done"][:])


def _early() -> h5py.h5p.PropDCID:
    """All room is taken at once and nothing written into it."""
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    early.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    return early


def _is(dataset: h5py.Dataset, records: int, column: Column) -> bool:
    return bool(dataset.shape == (records, *column.shape) and dataset.dtype == column.dtype)
