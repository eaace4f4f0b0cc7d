"""Ctrl-C and SIGTERM at a moment when no step of a training runs."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import HEARS_CTRL_C
from tests.stages.tiny import ROOT

# a command that stays where it reads the settings, and says that it is there
WAITS = """
import time
import {module}
def wait(**options):
    print("begun", flush=True)
    time.sleep(60)
{module}.loaded = wait
from cli.main import main
main()
"""


def stopped(
    folder: Path, number: signal.Signals, module: str, *arguments: str
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command that gets a signal before it does anything."""
    command = [sys.executable, "-c", HEARS_CTRL_C + WAITS.format(module=module), *arguments]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=-1, stderr=-1
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        out, errors = process.communicate(timeout=60)
    return process.returncode, out, errors


def test_a_training_that_is_stopped_before_its_first_step_can_be_resumed(tmp_path: Path) -> None:
    code, out, errors = stopped(tmp_path, signal.SIGTERM, "cli.runs", "train", "mcb")
    assert (code, out) == (75, "")
    assert errors == "error: stopped between two steps; run the same command with --resume\n"


@pytest.mark.parametrize(
    ("module", "arguments", "hint"),
    [
        ("cli.runs", ("train", "mcb"), "run the same command with --resume to go on"),
        ("cli.runs", ("analyse", "noise"), "run the same command to go on"),
        ("cli.features", ("features", "extract", "x"), "run the same command to go on"),
    ],
)
def test_ctrl_c_says_how_to_go_on(
    tmp_path: Path, module: str, arguments: tuple[str, ...], hint: str
) -> None:
    code, out, errors = stopped(tmp_path, signal.SIGINT, module, *arguments)
    assert (code, out, errors) == (130, "", f"error: interrupted; {hint}\n")
