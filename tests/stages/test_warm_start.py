"""A command that starts warm does what it does from a shell, or is left to one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stages.repro.warm_start import IMPORTED, run_script

START = "import os, sys; from stages.repro.warm_start import run_script; {}"


def started(*commands: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What Python prints that starts ``commands`` one after another, and the last one's status."""
    runs = [f"status = run_script({one!r}, dict(os.environ), {str(folder)!r})" for one in commands]
    return subprocess.run(
        [sys.executable, "-c", START.format("; ".join([*runs, "sys.exit(status)"]))],
        env={**os.environ, "PATH": str(Path(sys.executable).parent), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_runs_there_and_returns_its_status(tmp_path: Path) -> None:
    done = started("vqax --version", "vqax score san", folder=tmp_path)
    assert done.stdout.startswith("vqax, version")
    assert "params.yaml" in done.stderr
    assert done.returncode == 4


def test_it_has_the_environment_that_was_given(tmp_path: Path) -> None:
    done = started("vqax", folder=tmp_path, _VQAX_COMPLETE="bash_source")
    assert "complete -o nosort" in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize("command", ["vqax --help | cat", "vqax table 'a b'", "VQAX=1 vqax"])
def test_what_needs_a_shell_is_left_to_one(command: str, tmp_path: Path) -> None:
    path = {"PATH": str(Path(sys.executable).parent)}
    assert run_script(command, path, str(tmp_path)) is None


def test_another_program_of_that_name_is_not_ours(tmp_path: Path) -> None:
    other = tmp_path / "vqax"
    other.write_text("#!/bin/sh\nexit 7\n", encoding="utf-8")
    other.chmod(0o755)
    assert run_script("vqax --version", {"PATH": str(tmp_path)}, str(tmp_path)) is None
    assert run_script("ls", {"PATH": os.environ["PATH"]}, str(tmp_path)) is None


def test_nothing_of_the_repository_is_imported_beforehand() -> None:
    """Its code may change while the pipeline runs, and DVC notes what lies there then."""
    assert not {name.partition(".")[0] for name in IMPORTED} & {"cli", "stages", "vqax"}
