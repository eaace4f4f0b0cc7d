"""The ``vqax`` command, in this process or as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from click.testing import CliRunner, Result

from cli.main import main
from tests.stages.tiny import ROOT

MAIN = "from cli.main import main; main()"
# a shell that starts tests in the background has them ignore Ctrl-C, and what they start too
HEARS_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "


def vqax(*arguments: str | Path) -> Result:
    """Run a command in the current folder; an error that is not ours shows its traceback."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def start(
    arguments: Sequence[str | Path], folder: Path, *, session: bool = False, **environment: str
) -> subprocess.Popen:
    """The same command as a process that a test may kill; in a ``session``, as in a terminal."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", (HEARS_CTRL_C if session else "") + MAIN, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **environment},
        start_new_session=session,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def assert_refused(result: Result, code: int, *words: str) -> None:
    """The exit code, one sentence on stderr with file, value and remedy, no traceback."""
    assert result.exit_code == code, result.output
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.output
    assert result.stdout == ""
    missing = [word for word in words if word not in result.stderr]
    assert not missing, result.stderr


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder with size and time of writing."""
    found = (path for path in folder.rglob("*") if path.is_file())
    stats = {str(path.relative_to(folder)): path.stat() for path in found}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in stats.items()}
