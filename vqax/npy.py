"""Numpy's ``.npy`` and ``.npz`` files of plain numbers; nothing in them is unpickled.

A header of a few bytes can claim an array of any size, and numpy takes the memory first: sizes are
compared with the bytes that are there before anything is read.
"""

import io
import math
import zipfile
from collections.abc import Collection
from typing import Any

import numpy as np

ZIPPED = b"PK"
MOST_BYTES = 1 << 30
"""Of one array; all regions of an image, or all its human maps, take some megabytes."""

HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_arrays(content: bytes, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz`` by name, all or those named; that of an ``.npy`` as ``array``.

    Raises:
        KeyError: there is none of that name.
        Exception: whatever a damaged file makes its parser raise; call it within ``reading``.
    """
    if not content.startswith(ZIPPED):
        return {"array": _array(io.BytesIO(content), len(content))}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        wanted = names or [one.removesuffix(".npy") for one in archive.namelist()]
        return {name: _member(archive, f"{name}.npy") for name in wanted}


def _member(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    size = archive.getinfo(name).file_size
    if size > MOST_BYTES:
        raise ValueError(f"{name} claims {size:,} bytes, more than {MOST_BYTES:,}")
    return _array(io.BytesIO(archive.read(name)), size)


def _array(stream: io.BytesIO, size: int) -> np.ndarray:
    version = np.lib.format.read_magic(stream)
    if version not in HEADERS:
        raise ValueError(f"format {version[0]}.{version[1]} is not one of plain numbers")
    shape, _, dtype = HEADERS[version](stream)
    claimed: Any = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or claimed > size:
        raise ValueError(f"an array of shape {shape} claims {claimed:,} bytes of {size:,}")
    stream.seek(0)
    return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
