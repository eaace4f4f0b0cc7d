"""The idx files of MNIST and Fashion-MNIST, plain or gzipped (LeCun, yann.lecun.com/exdb/mnist).

Four bytes of magic (0, 0, type of the numbers, number of axes), the length of each axis in
32 bits, big-endian, then the numbers; here always bytes (type 8).
"""

import struct
from math import prod
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from vqax.errors import BadData
from vqax.foreign import gunzip, reading

BYTES = 8
GZIP_MAGIC = b"\x1f\x8b"
AGAIN = "fetch the file again"


def read_idx(path: Path, *, axes: int) -> UInt8[np.ndarray, "..."]:
    """The numbers of an idx file: ``axes`` 3 for images (n,y,x), 1 for labels (n).

    Raises:
        MissingArtefact: there is no such file.
        BadData: a wrong magic, or the file is cut, damaged or too long.
    """
    content = _content(path)
    magic = 256 * BYTES + axes
    start = 4 + 4 * axes
    if len(content) < start:
        raise BadData(f"{path}: cut after {len(content)} bytes, before its sizes; {AGAIN}")
    found, *shape = struct.unpack_from(f">{1 + axes}I", content)
    if found != magic:
        kind = "images (idx3)" if axes == 3 else "labels (idx1)"
        raise BadData(
            f"{path}: magic number 0x{found:08x}, but {kind} begin with 0x{magic:08x}; "
            "name the right file, uncompressed or .gz"
        )
    if len(content) - start != prod(shape):
        raise BadData(
            f"{path}: {len(content) - start} bytes of data, but its sizes "
            f"{tuple(shape)} ask for {prod(shape)}; {AGAIN}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _content(path: Path) -> bytes:
    with reading(
        path,
        "a whole idx file or gzip file",
        AGAIN,
        absent="no such idx file; download it or name its folder",
    ):
        raw = path.read_bytes()
        return gunzip(raw) if raw.startswith(GZIP_MAGIC) else raw
