"""Official JSON files as lists of entries, plain or ``.json.gz``, read and written."""

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

from vqax.errors import BadData, MissingArtefact
from vqax.files import atomic_path, read_json, write_json


def read_entries(path: Path, key: str) -> list[Any]:
    """The list under the top-level ``key``, or the bare list of VQA-CP and of results.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut, is not JSON, or holds no such list.
    """
    value = read_any_json(path)
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


def read_any_json(path: Path) -> Any:
    """Parse ``path``, decompressing it first if its name ends in ``.gz``.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut or is not JSON.
    """
    if path.suffix != ".gz":
        return read_json(path)
    try:
        return json.loads(gzip.decompress(path.read_bytes()))
    except FileNotFoundError as error:
        raise MissingArtefact(f"{path}: no such file; check the path or fetch it first") from error
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise BadData(
            f"{path}: not a whole gzipped JSON file ({error}); the file is cut or damaged, "
            "fetch or write it again"
        ) from error


def write_any_json(path: Path, value: Any) -> None:
    """Write ``value`` as a whole file; the same value gives the same bytes, ``.gz`` included."""
    if path.suffix != ".gz":
        write_json(path, value)
        return
    packed = gzip.compress(json.dumps(value, ensure_ascii=False).encode(), mtime=0)
    with atomic_path(path) as temporary:
        temporary.write_bytes(packed)
