"""Files that are either whole or absent: written beside their place, then renamed."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd

from vqax.columns import check_columns, columns_of
from vqax.errors import BadData
from vqax.foreign import reading


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path``; rename it to ``path`` if the block succeeds.

    Raises:
        BadData: the folder is read-only or the disk is full; nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def unwritable(path: Path, error: OSError) -> BadData:
    """The sentence for a write that the file system refused."""
    # pyarrow gives its errors no number, only the words of the system
    if error.errno == errno.ENOSPC or os.strerror(errno.ENOSPC) in str(error):
        return BadData(f"{path}: the disk is full; free some space and run the command again")
    return BadData(
        f"{path}: cannot be written ({error.strerror or error}); "
        "make the folder writable or choose another one"
    )


def write_text(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any, *, indent: int | None = None) -> None:
    write_text(path, json.dumps(value, indent=indent, ensure_ascii=False) + "\n")


def write_parquet(path: Path, table: pd.DataFrame) -> None:
    with atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False)


def read_json(path: Path) -> Any:
    """Parse a JSON file.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut or is not JSON; the message says where.
    """
    remedy = "the file is cut or damaged, fetch or write it again"
    with reading(path, "valid JSON", remedy, absent="no such file; run `vqax repro` to produce it"):
        return json.loads(path.read_text(encoding="utf-8"))


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet table.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut, is not Parquet, or lacks what ``vqax.columns`` says of it.
    """
    remedy, absent = (
        "delete it and run `vqax repro`",
        "no such file; run `vqax repro` to produce it",
    )
    with reading(path, "a readable Parquet file", remedy, absent=absent):
        table = pd.read_parquet(path)
    with reading(path, "the table that it should be", remedy):
        check_columns(table, columns_of(path))
    return table
