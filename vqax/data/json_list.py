"""Official JSON files as lists of entries, plain or ``.json.gz``, read and written."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vqax.errors import BadData, listed
from vqax.files import atomic_path, write_json
from vqax.foreign import gunzip, reading

Hook = Callable[[dict[str, Any]], Any]

RESULTS = 'write a list of entries {"question_id": 1, "answer": "yes"}'
"""What to do about a file of predictions that is none."""


def read_entries(path: Path, key: str, hook: Hook | None = None) -> list[Any]:
    """The list under the top-level ``key``, or the bare list of VQA-CP and of results.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut, is not JSON, or holds no such list.
    """
    value = read_any_json(path, hook)
    if isinstance(value, dict):
        if key not in value:
            raise BadData(f"{path}: has no '{key}' but {listed(sorted(value))}; {_remedy(key)}")
        value = value[key]
    if not isinstance(value, list):
        raise BadData(f"{path}: '{key}' is {type(value).__name__}, not a list; {_remedy(key)}")
    return value


def read_any_json(path: Path, hook: Hook | None = None) -> Any:
    """Parse ``path``, decompressed first if its name ends in ``.gz``.

    ``hook`` turns each JSON object into what stands in its place as soon as it is read, which
    keeps the memory for 4.4 million answers small.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut, is not JSON or cannot be read.
    """
    remedy = "it is cut or damaged, fetch or write it again"
    with reading(
        path, "a whole JSON file", remedy, absent="no such file; check the path or fetch it first"
    ):
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gunzip(content)
        try:
            return json.loads(content, object_hook=hook)
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise BadData(f"{path}: {_what_is_wrong(error)}") from error


def _remedy(key: str) -> str:
    return RESULTS if key == "results" else f"give the official {key} file"


def _what_is_wrong(error: Exception) -> str:
    """Why a file cannot be parsed, and the remedy of that fault."""
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text ({error}); save it as UTF-8"
    if isinstance(error, json.JSONDecodeError) and _is_json_lines(error):
        return (
            "one JSON object a line (JSON Lines), where one JSON value is expected; "
            "put the objects into one list: [ … , … ]"
        )
    return f"not a whole JSON file ({error}); it is cut or damaged, fetch or write it again"


def _is_json_lines(error: json.JSONDecodeError) -> bool:
    """Whether parsing stopped where a second object begins a line."""
    return (
        error.msg == "Extra data"
        and error.colno == 1
        and error.doc[error.pos : error.pos + 1] == "{"
        and error.doc.lstrip()[:1] == "{"
    )


def write_any_json(path: Path, value: Any) -> None:
    """Write ``value`` as a whole file; the same value gives the same bytes, ``.gz`` included."""
    if path.suffix != ".gz":
        write_json(path, value)
        return
    packed = gzip.compress(json.dumps(value, ensure_ascii=False).encode(), mtime=0)
    with atomic_path(path) as temporary:
        temporary.write_bytes(packed)
