"""HDF5 files that somebody else may have written or damaged: opened and looked at before use."""

from collections.abc import Collection
from pathlib import Path

import h5py
import numpy as np
from jaxtyping import Int

from vqax.foreign import reading

DEFLATED_MOST = 1032
"""No filter of HDF5's own shrinks more (zlib's greatest ratio), so a greater claim is a lie."""

INTEGERS, REALS = "iu", "iuf"


def open_hdf5(path: Path, *, remedy: str, absent: str, output: Path | None = None) -> h5py.File:
    """The file, open for reading.

    Raises:
        MissingArtefact: there is no such file; the message says ``absent``.
        BadData: it is cut or damaged; the message ends with ``remedy``.
    """
    with reading(path, "a whole HDF5 file", remedy, absent=absent, output=output):
        return h5py.File(path, "r")


def numbers(
    file: h5py.File, name: str, *, axes: Collection[int], kinds: str = REALS
) -> h5py.Dataset:
    """The dataset ``name`` if it holds numbers of one of the numpy ``kinds`` along so many axes.

    Nothing is read: a few bytes can claim a dataset of any size, see ``claim``.

    Raises:
        ValueError: it is absent, a group, of another type or number of axes.
    """
    if name not in file:
        raise ValueError(f"it has no dataset {name} but {', '.join(sorted(file)[:20]) or 'none'}")
    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        raise ValueError(f"{name} is {type(dataset).__name__.lower()}, which holds no numbers")
    if dataset.dtype.kind not in kinds:
        raise ValueError(f"{name} holds {dataset.dtype}, not {_spelled(kinds)}")
    if len(dataset.shape) not in axes:
        raise ValueError(
            f"{name} has the shape {dataset.shape}, not {' or '.join(map(str, axes))} axes"
        )
    return dataset


def claim(dataset: h5py.Dataset, rows: int | None = None) -> h5py.Dataset:
    """The dataset again, if so many of its ``rows`` (default: all) can lie in its file at all.

    Raises:
        ValueError: they would take more memory than a file of this size can hold packed.
    """
    row = int(np.prod(dataset.shape[1:], dtype=object)) * dataset.dtype.itemsize
    claimed = row * (dataset.shape[0] if rows is None else rows)
    size = Path(dataset.file.filename).stat().st_size
    if claimed > DEFLATED_MOST * size:
        raise ValueError(
            f"{dataset.name.strip('/')} of shape {dataset.shape} claims {claimed:,} bytes in a "
            f"file of {size:,}"
        )
    return dataset


def rows_by_id(ids: Int[np.ndarray, "n"], rows: Int[np.ndarray, "n"], name: str) -> dict[int, int]:
    """Row by id, of the ``rows`` that the ids stand in.

    Raises:
        ValueError: an id stands in two rows; which of the two is meant nobody knows.
    """
    row_of: dict[int, int] = {}
    for one, row in zip(ids.tolist(), rows.tolist(), strict=True):
        if one in row_of:
            raise ValueError(f"{name} has {one} in row {row_of[one]} and again in row {row}")
        row_of[one] = row
    return row_of


def _spelled(kinds: str) -> str:
    return "real numbers" if "f" in kinds else "whole numbers"
