"""Files that are either whole or absent: written beside their place, then renamed."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from vqax.errors import BadData, MissingArtefact, UsageError


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
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MissingArtefact(f"{path}: no such file; run `vqax repro` to produce it") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadData(
            f"{path}: not valid JSON ({error}); the file is cut or damaged, fetch or write it again"
        ) from error


class DuplicateKeyError(Exception):
    """A mapping of a YAML file gives one key twice."""


class UniqueKeys(yaml.SafeLoader):
    """What ``yaml.safe_load`` reads, but a key given twice raises ``DuplicateKeyError``.

    Keys are compared as they are written, before ``<<`` merges others in: to override a key is
    what a merge is for.
    """

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            name, line = (key.tag, str(key.value)), key.start_mark.line + 1
            if name in lines:
                raise DuplicateKeyError(
                    f"line {line}: the key {key.value!r} stands already in line {lines[name]}; "
                    "rename or remove one of the two"
                )
            lines[name] = line
        return node


def read_yaml(path: Path) -> Any:
    """Parse a YAML file in which no mapping may give a key twice.

    YAML forbids that, but PyYAML alone keeps the last one and says nothing.

    Raises:
        MissingArtefact: there is no such file.
        UsageError: the file is not YAML or a key stands twice; the message says where.
    """
    try:
        # a SafeLoader by descent: it builds plain values only
        return yaml.load(path.read_text(encoding="utf-8"), UniqueKeys)
    except FileNotFoundError as error:
        raise MissingArtefact(
            f"{path}: no such file; run vqax in the folder that holds it, or name one"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid YAML ({error}); mend the place it names") from error
    except DuplicateKeyError as error:
        raise UsageError(f"{path}: {error}") from error


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet table.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut or is not Parquet.
    """
    if not path.exists():
        raise MissingArtefact(f"{path}: no such file; run `vqax repro` to produce it")
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise BadData(
            f"{path}: not a readable Parquet file ({error}); delete it and run `vqax repro`"
        ) from error
