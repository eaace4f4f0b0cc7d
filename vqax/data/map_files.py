"""Attention maps of anybody: a folder of images or arrays, one NPZ or one HDF5.

A name is the file's without its ending, or the key of an array; ``vqax.alignment.ids`` makes an id
of it. Values are read as they stand, grey ones too; nothing is unpickled.
"""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from jaxtyping import Float32

from vqax.data.images import load_image
from vqax.errors import BadData, MissingArtefact, UsageError

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
ARRAYS = (".npy", ".npz")
HDF5 = (".h5", ".hdf5")
SUFFIXES = (*IMAGES, *ARRAYS, *HDF5)


class NamedMaps(NamedTuple):
    """The maps (k,h,w) under one name; ``where`` says for messages what they were read from."""

    name: str
    maps: Float32[np.ndarray, "k h w"]
    where: str


def read_named_maps(source: Path) -> Iterator[NamedMaps]:
    """Every map of a folder or of one file, one at a time, in the order of names.

    A file in a folder is named by its stem and holds one map (h,w) or several (k,h,w); in an NPZ or
    HDF5 that may also be k arrays (h,w). An NPZ or HDF5 with ``question_ids`` (n,) and ``maps``
    (n,h,w), as `vqax explain` writes it, is read row by row, and one given by itself array by
    array, named by its keys.

    Raises:
        MissingArtefact: there is no such folder or file.
        UsageError: a file with another ending.
        BadData: no map is there, or one is damaged, in colour, of another shape, or infinite.
    """
    if not source.exists():
        raise MissingArtefact(f"{source}: no such file or folder; name the maps that are there")
    if source.is_dir():
        paths = sorted(path for path in source.iterdir() if path.suffix.lower() in SUFFIXES)
        if not paths:
            raise BadData(f"{source}: holds no map; names must end in {', '.join(SUFFIXES)}")
        for path in paths:
            yield from _of_file(path, named_by_file=True)
    elif source.suffix.lower() in SUFFIXES:
        yield from _of_file(source, named_by_file=False)
    else:
        raise UsageError(f"{source}: is no folder and does not end in {', '.join(SUFFIXES)}")


def _of_file(path: Path, *, named_by_file: bool) -> Iterator[NamedMaps]:
    suffix = path.suffix.lower()
    if suffix in IMAGES:
        yield NamedMaps(path.stem, _grey(path)[None], str(path))
        return
    arrays = _hdf5_arrays(path) if suffix in HDF5 else _numpy_arrays(path)
    if {"question_ids", "maps"} <= arrays.keys():
        yield from _rows(arrays["question_ids"], arrays["maps"], path)
    elif named_by_file or suffix == ".npy":
        parts = [as_maps(array, f"{path}: {key}".strip(": ")) for key, array in arrays.items()]
        if len({part.shape[1:] for part in parts}) != 1:
            raise BadData(f"{path}: holds arrays of several shapes, or none; give maps of one size")
        yield NamedMaps(path.stem, np.concatenate(parts), str(path))
    else:
        for key, array in arrays.items():
            yield NamedMaps(key, as_maps(array, f"{path}: {key}"), f"{path}: {key}")


def _rows(ids: np.ndarray, maps: np.ndarray, path: Path) -> Iterator[NamedMaps]:
    if ids.ndim != 1 or maps.ndim != 3 or len(ids) != len(maps):
        raise BadData(
            f"{path}: question_ids {ids.shape} and maps {maps.shape} do not go together; give one "
            "id and one map (h,w) a row"
        )
    for row, key in enumerate(ids.tolist()):
        name = key.decode() if isinstance(key, bytes) else str(key)
        yield NamedMaps(name, as_maps(maps[row], f"{path}: row {row}"), f"{path}: row {row}")


def _grey(path: Path) -> Float32[np.ndarray, "h w"]:
    """The grey values as they stand: scaled to [0, 1] they would round, and ties would break."""
    image = load_image(path)
    if image.mode.startswith("I") or image.mode == "F":
        return np.asarray(image, dtype=np.float32)
    channels = np.asarray(image.convert("RGB"))
    if (channels != channels[..., :1]).any():
        raise BadData(f"{path}: is in colour; give the values of the map as a greyscale image")
    return channels[..., 0].astype(np.float32)


def _numpy_arrays(path: Path) -> Mapping[str, np.ndarray]:
    try:
        # from memory: numpy leaves the file open where a damaged archive stops it
        loaded = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"": loaded}
        return {key: loaded[key] for key in loaded.files}
    except Exception as error:  # damaged headers and archives raise whatever their parsers raise
        raise BadData(
            f"{path}: not a readable array file ({error}); it is cut, damaged or holds Python "
            "objects, write plain numbers with numpy.save or numpy.savez"
        ) from error


def _hdf5_arrays(path: Path) -> Mapping[str, np.ndarray]:
    try:
        with h5py.File(path, "r") as file:
            return {key: data[()] for key, data in file.items() if isinstance(data, h5py.Dataset)}
    except (OSError, KeyError) as error:
        raise BadData(f"{path}: not a whole HDF5 file ({error}); write it again") from error


def as_maps(array: np.ndarray, where: str) -> Float32[np.ndarray, "k h w"]:
    """The array as maps; NaN may stand in them, it gives undefined scores, which are counted.

    Raises:
        BadData: no real numbers, another number of axes than 2 or 3, or an infinite value.
    """
    if array.dtype.kind not in "biuf":
        raise BadData(f"{where}: holds {array.dtype}, not real numbers; write plain numbers")
    if array.ndim not in (2, 3) or not array.size:
        shape = "x".join(map(str, array.shape)) or "a single number"
        raise BadData(
            f"{where}: is {shape}; a map is height x width, several of a question k x h x w"
        )
    with np.errstate(over="ignore"):  # becomes infinite, which is reported
        maps = array.astype(np.float32)
    if np.isinf(maps).any():
        raise BadData(f"{where}: has infinite values; write finite numbers")
    return maps if maps.ndim == 3 else maps[None]
