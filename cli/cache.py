"""What a command said, kept until a file that it depends on changes.

Libraries that read tables need most of a second to import; to print again what they made needs
none of them. Kept in ``$XDG_CACHE_HOME/vqax`` (``~/.cache/vqax``), which may be removed at any
time; where it cannot be written, nothing is kept.
"""

import json
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import vqax

CODE = Path(__file__).resolve().parents[1]
PACKAGES = ("cli", "stages", "studies", "project")
LIBRARY = Path(vqax.__file__).parent


def kept(words: Iterable[object], files: Iterable[Path], make: Callable[[], Any]) -> Any:
    """``make()``, or what it gave when it was last called for these ``words`` in this folder.

    The value has to be one that JSON has. It is made again when one of ``files``, of the files
    in folders among them, or of the files of the program is another one than it was then. An
    error is raised and not kept.
    """
    question = "\0".join([str(Path.cwd()), *map(str, words)])
    path = place() / f"{zlib.crc32(question.encode(errors='surrogateescape')):08x}.json"
    key = [question, list(_states([*files, LIBRARY, *(CODE / package for package in PACKAGES)]))]
    with suppress(OSError, ValueError, KeyError, TypeError):
        entry = json.loads(path.read_text(encoding="utf-8"))
        if entry["key"] == key:
            return entry["value"]
    value = make()
    with suppress(OSError):
        _write(path, json.dumps({"key": key, "value": value}))
    return value


def place() -> Path:
    """The folder of what is kept."""
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path.home() / ".cache") / "vqax"


def _write(path: Path, text: str) -> None:
    """Whole or not at all, also where two processes write."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _states(paths: Iterable[Path]) -> Iterator[str]:
    """Name, size and time of every file; of what is not there its name alone."""
    yield sys.version
    for path in paths:
        yield from _state(str(path))


def _state(path: str) -> Iterator[str]:
    try:
        stat = os.stat(path)  # noqa: PTH116  hundreds of files: a Path of each takes longer
    except OSError:
        yield path
        return
    if not os.path.isdir(path):  # noqa: PTH112
        yield f"{path} {stat.st_size} {stat.st_mtime_ns}"
        return
    with os.scandir(path) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _state(entry.path)
            else:
                file = entry.stat()
                yield f"{entry.path} {file.st_size} {file.st_mtime_ns}"
