"""Damage: bytes of a file, a value somewhere in JSON or YAML, a dataset of an HDF5 file.

Each function takes numpy's generator, so that a case is the same wherever and whenever it runs.
"""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Rng = np.random.Generator
Damage = Callable[[Path, Rng], None]

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 7, 2**31, 2**63, -(2**63), 10**30, 0.5, -0.0, 1e308, 1e-320),
    *(float("nan"), float("inf"), "", " ", "x", "1", "480", "\0", "../..", "é" * 40, "9" * 5000),
    *([], [[]], {}, {"": {}}, [None], ["x"], [1, 2, 3], {"id": 1}, [[1, 1, 2, 2, 3, 3]]),
)
ODD_ARRAYS: tuple[Any, ...] = (
    *(7, -1.5, float("nan"), b"bytes", np.zeros(0), np.zeros((2, 0)), np.arange(2)),
    *(np.full(3, np.nan), np.full((3, 4), np.inf), np.zeros((3, 3, 3, 3)), np.array([b"a", b"b"])),
    *(
        np.full((3, 3, 5), 1e30),
        np.array([True, False, True]),
        np.full(3, 2**62),
        np.ones(3, ">f2"),
    ),
    *(np.array([1, 1, 1]), np.array([-1, 0, 9]), np.full((3, 3, 4), -5.0), np.zeros(3, complex)),
)


def pick(rng: Rng, choices: tuple[Any, ...] | list[Any]) -> Any:
    return choices[int(rng.integers(len(choices)))]


def bytes_of(path: Path, rng: Rng) -> None:
    """One to three of: flip a bit, set a byte, cut, leave out, repeat or insert a stretch."""
    content = bytearray(path.read_bytes())
    for _ in range(int(rng.integers(1, 4))):
        place = int(rng.integers(len(content) + 1))
        length = int(2 ** rng.uniform(0, 8))
        kind = int(rng.integers(6))
        if kind == 0 and place < len(content):
            content[place] ^= 1 << int(rng.integers(8))
        elif kind == 1 and place < len(content):
            content[place] = pick(rng, [0, 1, 0x7F, 0x80, 0xFF])
        elif kind == 2:
            del content[place:]
        elif kind == 3:
            del content[place : place + length]
        elif kind == 4:
            content[place:place] = content[place : place + length]
        else:
            content[place:place] = rng.bytes(length)
    path.write_bytes(content)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value within ``value``."""
    yield path
    items: Any = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield from places(inner, (*path, key))


def value_of(value: Any, rng: Rng) -> Any:
    """A copy with one to three values replaced, left out, renamed, repeated or nested."""
    root = [copy.deepcopy(value)]
    for _ in range(int(rng.integers(1, 4))):
        *way, key = pick(rng, list(places(root))[1:])
        parent = root
        for step in way:
            parent = parent[step]
        _change(parent, key, rng)
    return root[0] if root else None


def _change(parent: Any, key: Any, rng: Rng) -> None:
    kind = int(rng.integers(8))
    if kind == 0 and key != 0:
        del parent[key]
    elif kind == 1 and isinstance(parent, dict):
        parent[pick(rng, ["", "x", f"{key}_", "id"])] = parent.pop(key)
    elif kind == 2 and isinstance(parent, list):
        parent.append(copy.deepcopy(parent[key]))
    elif kind == 3:
        parent[key] = [parent[key]]
    elif kind == 4 and isinstance(parent[key], str | int | float):
        parent[key] = str(parent[key]) if not isinstance(parent[key], str) else len(parent[key])
    else:
        parent[key] = copy.deepcopy(pick(rng, ODD_VALUES))


def json_of(path: Path, rng: Rng) -> None:
    """Four times of five a value, else bytes."""
    if rng.random() < 0.2:
        bytes_of(path, rng)
    else:
        path.write_text(json.dumps(value_of(json.loads(path.read_text()), rng)))


def hdf5_of(path: Path, rng: Rng) -> None:
    """A dataset or attribute replaced, left out, or made a group; two times of five bytes."""
    if rng.random() < 0.4:
        bytes_of(path, rng)
        return
    with h5py.File(path, "r+") as file:
        for _ in range(int(rng.integers(1, 3))):
            if len(file.attrs) and rng.random() < 0.3:
                file.attrs[pick(rng, sorted(file.attrs))] = pick(rng, ODD_ARRAYS[:9])
            elif len(file):
                _change_dataset(file, pick(rng, sorted(file)), rng)


def _change_dataset(file: h5py.File, name: str, rng: Rng) -> None:
    small = isinstance(file[name], h5py.Dataset) and (file[name].size or 0) < 10_000
    value = np.asarray(file[name][()]) if small else np.zeros(3)
    kind = int(rng.integers(7))
    if kind == 0 and value.size:  # a single number becomes odd
        odd = [0, -1, 1, 100] if value.dtype.kind in "iu" else [np.nan, np.inf, -5, 1e9]
        with np.errstate(over="ignore"):  # infinite in half precision is odd enough
            one = np.float64(pick(rng, odd)).astype(value.dtype)
        value.flat[int(rng.integers(value.size))] = one
    del file[name]
    if kind == 0:
        file[name] = value
    elif kind == 1:
        file.create_group(name)
    elif kind == 2 and value.ndim:
        file[name] = value[:-1]
    elif kind == 3 and value.ndim:
        file[name] = value[..., None] if rng.random() < 0.5 else value[0]
    elif kind == 4:
        rest = value.shape[1:]
        file.create_dataset(name, (3_000_000_000, *rest), value.dtype, chunks=(1, *rest))
    elif kind == 5:
        file[name] = pick(rng, ODD_ARRAYS)


def fields_of(path: Path, rng: Rng) -> None:
    """A field of a line of a TSV or CSV replaced or left out, a line repeated; or bytes."""
    if rng.random() < 0.4:
        bytes_of(path, rng)
        return
    separator = b"\t" if path.suffix == ".tsv" else b","
    lines = path.read_bytes().splitlines(keepends=False)
    number = int(rng.integers(len(lines)))
    fields = lines[number].split(separator)
    place = int(rng.integers(len(fields)))
    kind = int(rng.integers(4))
    if kind == 0:
        lines.append(lines[number])
    elif kind == 1:
        del fields[place]
    else:
        odd = [b"", b"0", b"-1", b"9" * 23, b"nan", b"AAAA", b"\xff", fields[place] * 2, fields[0]]
        fields[place] = pick(rng, odd)
    lines[number] = separator.join(fields)
    path.write_bytes(b"\n".join(lines))
