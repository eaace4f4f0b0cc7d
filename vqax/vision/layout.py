"""How a feature file is laid out: written once and whole, so that no kill can damage it.

Datasets: ``features`` (n,l,d) fp16 in chunks of one record, ``image_ids`` (n) int64, ``done`` (n)
uint8 that is 0 for pictures without features. Attributes: ``grid`` (h,w), ``extractor`` and what
else its writer tells.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from jaxtyping import Int64, UInt8

from vqax.errors import BadData
from vqax.vision.holes import HoleyFile

LIBVER = ("v110", "v110")
"""From this file version on, chunks allocated early lie one after the other."""

Attributes = Mapping[str, Any]


class Places(NamedTuple):
    """Byte offsets of the first record and of the first ``done`` byte, and what is done."""

    first_record: int
    first_done: int
    done: UInt8[np.ndarray, "n"]


def check_space(path: Path, shape: tuple[int, int, int]) -> None:
    """Notice before hours of work that the records will not fit.

    Raises:
        BadData: the disk has less space than they need.
    """
    needed, free = 2 * int(np.prod(shape)), shutil.disk_usage(path.parent).free
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
) -> None:
    """Write the structure with room for every record; the room is a hole until it is filled.

    Raises:
        OSError: the file system refuses.
    """
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    early.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    holey = HoleyFile()
    with h5py.File(holey, "w", libver=LIBVER) as file:
        file.create_dataset("features", shape, "<f2", chunks=(1, *shape[1:]), dcpl=early)
        file["image_ids"] = image_ids
        file["done"] = np.zeros(shape[0], dtype=np.uint8)
        file.attrs.update(attributes)
    holey.save(path)


def matches(
    path: Path,
    shape: tuple[int, int, int],
    image_ids: Int64[np.ndarray, "n"],
    attributes: Attributes,
) -> bool:
    """Whether the file is whole and was begun for the very same features."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            return bool(
                file["features"].shape == shape
                and np.array_equal(file["image_ids"][:], image_ids)
                and file["done"].shape == shape[:1]
                and file.attrs.keys() == attributes.keys()
                and all(np.array_equal(file.attrs[key], attributes[key]) for key in attributes)
            )
    except (OSError, KeyError, RuntimeError, ValueError):
        return False


def locate(path: Path) -> Places:
    """Where records and ``done`` bytes lie in the file.

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
        return Places(first, file["done"].id.get_offset(), file["done"][:])
