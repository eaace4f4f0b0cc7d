"""Official JSON files as lists of entries, plain or ``.json.gz``, read and written."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vqax.errors import BadData
from vqax.files import atomic_path, write_json
from vqax.foreign import gunzip, reading

Hook = Callable[[dict[str, Any]], Any]


def read_entries(path: Path, key: str, hook: Hook | None = None) -> list[Any]:
    """The list under the top-level ``key``, or the bare list of VQA-CP and of results.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut, is not JSON, or holds no such list.
    """
    value = read_any_json(path, hook)
    if isinstance(value, dict):
        if key not in value:
            found = ", ".join(sorted(value)) or "nothing"
            raise BadData(f"{path}: has no '{key}' but {found}; give the official {key} file")
        value = value[key]
    if not isinstance(value, list):
        raise BadData(
            f"{path}: '{key}' is {type(value).__name__}, not a list; give the official {key} file"
        )
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
        return json.loads(content, object_hook=hook)


def write_any_json(path: Path, value: Any) -> None:
    """Write ``value`` as a whole file; the same value gives the same bytes, ``.gz`` included."""
    if path.suffix != ".gz":
        write_json(path, value)
        return
    packed = gzip.compress(json.dumps(value, ensure_ascii=False).encode(), mtime=0)
    with atomic_path(path) as temporary:
        temporary.write_bytes(packed)
