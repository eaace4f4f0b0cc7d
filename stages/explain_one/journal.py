"""Answers as they come, a line of JSON each: a kill loses none, and a second start goes on."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from stages.explain_one.table import Line
from vqax.files import unwritable, write_text

NAME = "answers.jsonl"


class Journal:
    """The rows of answered lines, kept in ``path`` until ``finish`` removes it.

    Rows that were answered with another ``identity`` (the model and what it is asked for), about
    an image that has changed, or whose files are gone, are answered again. A line that a kill cut
    is left out.

    Raises:
        BadData: the file cannot be written.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self.path, self._head = path, json.dumps(identity)
        self._entries = {_key(entry["line"]): entry for entry in self._kept()}

    def __enter__(self) -> Self:
        lines = [self._head, *map(json.dumps, self._entries.values())]
        write_text(self.path, "\n".join(lines) + "\n")
        try:
            self._file = self.path.open("a", encoding="utf-8")
        except OSError as error:
            raise unwritable(self.path, error) from error
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def row(self, line: Line, image: Path) -> dict[str, Any] | None:
        """The row of a line that was answered before."""
        entry = self._entries.get(_key(line))
        if entry is None or entry["image"] != _state(image):
            return None
        row: dict[str, Any] = entry["row"]
        return row if all(map(os.path.exists, entry["files"])) else None

    def add(
        self, line: Line, image: Path, row: dict[str, Any], files: Mapping[str, Path]
    ) -> dict[str, Any]:
        """Keep the row of a line, and return it as ``row`` will give it."""
        written = [str(path) for path in files.values()]
        entry = {"line": line, "image": _state(image), "row": row, "files": written}
        text = json.dumps(entry)
        try:
            self._file.write(text + "\n")
            self._file.flush()
        except OSError as error:
            raise unwritable(self.path, error) from error
        kept: dict[str, Any] = json.loads(text)["row"]
        return kept

    def finish(self) -> None:
        """All is in the tables; the journal is needed no more."""
        self.path.unlink(missing_ok=True)

    def _kept(self) -> list[dict[str, Any]]:
        """What an earlier start left, up to the first line that is not whole."""
        try:
            head, *lines = self.path.read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return []
        kept = []
        for line in lines if head == self._head else ():
            try:
                kept.append(json.loads(line))
            except ValueError:
                break
        return kept


def _key(line: Any) -> tuple[Any, ...]:
    return tuple(line)


def _state(image: Path) -> list[int] | None:
    """What tells whether an image is still the one it was."""
    try:
        state = image.stat()
    except OSError:
        return None
    return [state.st_size, state.st_mtime_ns]
