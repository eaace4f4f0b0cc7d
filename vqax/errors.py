"""What can go wrong, each with its exit code (docs/command_line.md).

A message is one sentence that names the file (or parameter), the value and the remedy, which
follows the last semicolon. What a user wrote may be long: ``shown`` and ``listed`` shorten it, and
no line of a message is longer than ``LONGEST`` characters.
"""

import reprlib
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from pathlib import Path

LONGEST = 1000
"""Characters of a line; of a longer one the middle is left out, so file and remedy stay."""
VALUE = 200
NAMES = 10

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 80
_short.maxlist = _short.maxtuple = 6
_short.maxdict = 4


def shown(value: object) -> str:
    """``repr(value)`` in at most ``VALUE`` characters."""
    text = _short.repr(value)
    return text if len(text) <= VALUE else f"{text[: VALUE - 1]}…"


def listed(names: Collection[object], limit: int = NAMES) -> str:
    """The names with commas between, ``limit`` of them and how many more; ``none`` for none."""
    first = ", ".join(str(name)[:LONGEST] for _, name in zip(range(limit), names, strict=False))
    more = len(names) - limit
    return f"{first} and {more:,} more" if more > 0 else first or "none"


def bounded(line: str) -> str:
    """``line``, its middle left out where it has more than ``LONGEST`` characters."""
    if len(line) <= LONGEST:
        return line
    head, tail = line[: LONGEST // 2], line[-LONGEST // 3 :]
    return f"{head} … ({len(line) - len(head) - len(tail):,} characters left out) … {tail}"


class VqaxError(Exception):
    """An error a user can mend; ``exit_code`` is what the command line returns.

    ``output``: the file it is about, where a stage may have left it; the command line then names
    the command that makes it.
    """

    exit_code = 1

    def __init__(self, message: str = "", *, output: Path | None = None) -> None:
        super().__init__("\n".join(map(bounded, message.split("\n"))))
        self.output = output


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``did you mean updn or san? `` where some names are near, otherwise nothing."""
    near = get_close_matches(name, list(known), n=3)
    return f"did you mean {' or '.join(near)}? " if near else ""


class UsageError(VqaxError):
    """An unknown run, parameter or option."""

    exit_code = 2


class BadData(VqaxError):
    """A file that is cut, inconsistent or out of its format."""

    exit_code = 3


class MissingArtefact(VqaxError):
    """Something an earlier stage or a download should have left is not there."""

    exit_code = 4


class OutOfTolerance(VqaxError):
    """A metric left its committed range."""

    exit_code = 5


class Resumable(VqaxError):
    """Stopped on request; the same command with ``--resume`` goes on."""

    exit_code = 75
