"""Which row of a feature file is which image: ``{image_id: row}`` as JSON or plain pickle."""

import io
import json
import pickle
import pickletools
from pathlib import Path
from typing import Any

from vqax.foreign import reading

MEMO = {"PUT", "BINPUT", "LONG_BINPUT"}
LARGEST_ID = 2**63 - 1


class _PlainValues(pickle.Unpickler):
    """Builds numbers, strings, lists and dicts; whatever would name a class or function fails."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it names {module}.{name}, and nothing is imported")


def read_row_ids(path: Path) -> dict[int, int]:
    """image_id -> row; the published files are pickles of nothing but numbers.

    Raises:
        MissingArtefact: there is no such file.
        BadData: it is cut, holds more than plain values, is not a mapping of whole numbers, or has
            an image_id twice.
    """
    with reading(path, *_kind(path)):
        content = path.read_bytes()
        parse = _parsed if path.suffix == ".json" else _unpickled
        value = parse(content)
    with reading(path, "a mapping of image_id to row", "give imgid2idx.pkl"):
        return _rows(value)


def _kind(path: Path) -> tuple[str, str]:
    """What the file should be, and what to do if it is not."""
    if path.suffix == ".json":
        return "valid JSON", "fetch it again or write it again"
    return "a pickle of plain numbers", "fetch it again or write it as JSON"


def _parsed(content: bytes) -> Any:
    """JSON with every key of an object, also where one stands twice."""
    return json.loads(content, object_pairs_hook=list)


def _unpickled(content: bytes) -> Any:
    # the parser takes memory for the highest place that is named, whatever stands in between
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name in MEMO and int(argument or 0) > len(content):
            raise pickle.UnpicklingError(f"it names a place {argument} of {len(content)} bytes")
    value = _PlainValues(io.BytesIO(content), encoding="latin1").load()
    return list(value.items()) if isinstance(value, dict) else value


def _rows(pairs: Any) -> dict[int, int]:
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        raise TypeError(f"it is a {type(pairs).__name__}")
    rows: dict[int, int] = {}
    for image_id, row in pairs:
        number = _whole(int(image_id) if isinstance(image_id, str) else image_id, "image_id")
        if number in rows:
            raise ValueError(f"image_id {number} has row {rows[number]} and again row {row}")
        rows[number] = _whole(row, "row")
    return rows


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_ID:
        raise TypeError(f"{name} {value!r:.40} is no whole number")
    return value
