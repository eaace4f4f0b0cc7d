"""A receipt for each stage that has ended well and is not in dvc.lock yet.

dvc.lock is written for many stages at once, as that takes seconds. Between the end of a stage and
that moment its receipt says from which inputs it was made and what its outputs were like.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from vqax.files import write_text

FOLDER = Path(".dvc") / "tmp" / "vqax" / "receipts"


class Receipt(NamedTuple):
    """``inputs`` and ``outs`` are hashes; see ``inputs_hash`` and ``outs_hash``."""

    stage: str
    inputs: str
    outs: str


def write(folder: Path, receipt: Receipt) -> None:
    write_text(_path(folder, receipt.stage), json.dumps(receipt._asdict()))


def read(folder: Path) -> Iterator[Receipt]:
    """Every receipt; one that cannot be read is none."""
    for path in sorted((folder / FOLDER).glob("*.json")):
        try:
            yield Receipt(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            path.unlink()


def holds(folder: Path, stage: str, inputs: str, outs: Iterable[str]) -> bool:
    """Whether a stage has ended well on these inputs, and nobody has touched its outputs since."""
    try:
        receipt = Receipt(**json.loads(_path(folder, stage).read_text(encoding="utf-8")))
        return receipt == Receipt(stage, inputs, outs_hash(folder, outs))
    except (FileNotFoundError, ValueError, TypeError):
        return False


def remove(folder: Path, stages: Iterable[str]) -> None:
    for stage in stages:
        _path(folder, stage).unlink(missing_ok=True)


def inputs_hash(cmd: Any, deps: dict[str, Any]) -> str:
    """Of the commands and of every dependency: its hash, or its settings."""
    text = json.dumps([cmd, deps], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def outs_hash(folder: Path, outs: Iterable[str]) -> str:
    """Of names, sizes and times of all files: whether anybody touched them since."""
    state = hashlib.sha256()
    for out in sorted(outs):
        for path in _files(folder / out):
            stat = path.stat()
            name = path.relative_to(folder).as_posix()
            state.update(f"{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return state.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for parent, folders, files in os.walk(path):
        folders.sort()
        yield from (Path(parent) / name for name in sorted(files))


def _path(folder: Path, stage: str) -> Path:
    return folder / FOLDER / f"{hashlib.sha256(stage.encode()).hexdigest()[:16]}.json"
