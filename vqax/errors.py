"""What can go wrong, each with its exit code (docs/command_line.md).

A message is one sentence that names the file (or parameter), the value and the remedy, which
follows the last semicolon.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class VqaxError(Exception):
    """An error a user can mend; ``exit_code`` is what the command line returns.

    ``output``: the file it is about, where a stage may have left it; the command line then names
    the command that makes it.
    """

    exit_code = 1

    def __init__(self, message: str, *, output: Path | None = None) -> None:
        super().__init__(message)
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
