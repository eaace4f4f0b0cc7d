"""A list of words or answers as a small JSON file."""

from pathlib import Path
from typing import Any

from vqax.errors import BadData
from vqax.files import read_json, write_json


def write_list(path: Path, key: str, entries: tuple[str, ...]) -> None:
    """Write ``{key: entries}``."""
    write_json(path, {key: list(entries)}, indent=1)


def read_list(path: Path, key: str) -> tuple[str, ...]:
    """The distinct texts under ``key``.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut, has no such list, or the list repeats or mixes types.
    """
    value: Any = read_json(path)
    entries = value.get(key) if isinstance(value, dict) else None
    if not isinstance(entries, list) or not all(type(entry) is str for entry in entries):
        raise BadData(f"{path}: has no list of texts '{key}'; build it again", output=path)
    if len(set(entries)) != len(entries):
        raise BadData(f"{path}: repeats an entry of '{key}'; build it again", output=path)
    return tuple(entries)
