"""Files that are either whole or absent: written beside their place, then renamed.

What has its name is on the disk: the bytes are flushed before the rename, the folder after it.
"""

import errno
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from vqax.columns import check_columns, columns_of
from vqax.errors import BadData
from vqax.foreign import reading

ABSENT = "no such file; name one that is there, or make it"
TEMPORARY = ".tmp"
NAME_KEPT = 32  # characters of the name in that of its temporary file, for file systems' limits


@contextmanager
def atomic_path(path: Path, *, flush: bool = True) -> Iterator[Path]:
    """Yield a temporary name beside ``path``; rename it to ``path`` if the block succeeds.

    Neither a kill nor a power cut leaves a part of a file under ``path``. Without ``flush`` only
    a kill: for one of thousands of files in a folder that is flushed as a whole.

    Raises:
        BadData: the folder is read-only or the disk is full; nothing is left behind.
    """
    temporary = temporary_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if flush:
            flush_to_disk(temporary)
            rename_durably(temporary, path)
        else:
            temporary.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def temporary_path(path: Path) -> Path:
    """A hidden name beside ``path`` that nobody can foretell and no other process has.

    Process ids would do neither: they are small, and containers that share a folder repeat them.
    """
    return path.with_name(f".{path.name[:NAME_KEPT]}.{secrets.token_hex(8)}{TEMPORARY}")


def leftovers(path: Path) -> list[Path]:
    """Temporaries of ``path`` that a killed process left, or that another is still writing."""
    start = f".{path.name[:NAME_KEPT]}."
    if not path.parent.is_dir():
        return []
    return sorted(
        beside
        for beside in path.parent.iterdir()
        if beside.name.startswith(start) and beside.name.endswith(TEMPORARY)
    )


def rename_durably(temporary: Path, path: Path) -> None:
    """Rename, and have the new name on the disk; ``temporary`` has been flushed before."""
    temporary.replace(path)
    with suppress(OSError):  # some network file systems cannot flush a folder
        flush_to_disk(path.parent)


def flush_to_disk(path: Path) -> None:
    """Wait until what was written to a file, or the names in a folder, would survive a power cut.

    Raises:
        OSError: the disk refuses; of a file system that writes late, a full disk is found here.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
    with reading(path, "valid JSON", remedy, absent=ABSENT, output=path):
        return json.loads(path.read_text(encoding="utf-8"))


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet table.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut, is not Parquet, or lacks what ``vqax.columns`` says of it.
    """
    remedy = "the file is cut or damaged, fetch or write it again"
    with reading(path, "a readable Parquet file", remedy, absent=ABSENT, output=path):
        table = pd.read_parquet(path)
        for name, kind in table.dtypes.items():
            if kind == "str":  # texts are decoded when they are used, which is too late
                pa.array(table[name]).validate(full=True)
    with reading(path, "the table that it should be", remedy, output=path):
        check_columns(table, columns_of(path))
    return table
