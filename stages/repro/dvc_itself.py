"""The versions of DVC that ``vqax repro`` works with, and DVC alone where it has another one."""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from vqax.errors import VqaxError

TRY = "VQAX_TRY_DVC"
"""Set this variable to try vqax repro with another version: make newest-dvc."""


def supported() -> str | None:
    """None, or the sentence that says which version there is and which ones are known."""
    there = metadata.version("dvc")
    known = _known()
    if known.contains(there, prereleases=True) or os.environ.get(TRY):
        return None
    return (
        f"dvc {there} is not one of {known}, with which vqax repro was tried: plain dvc repro runs "
        f"instead, one stage after the other; pip install 'dvc{known}' brings vqax repro back"
    )


def _known() -> Any:
    """The range that pyproject.toml gives."""
    needs = map(Requirement, metadata.requires("vqax") or [])
    return next(need.specifier for need in needs if need.name == "dvc")


def run_dvc(folder: Path, targets: tuple[str, ...], *, dry: bool, force: bool) -> dict[str, Any]:
    """``dvc repro`` in ``folder``.

    Raises:
        VqaxError: it failed.
    """
    options = [*["--dry"][: int(dry)], *["--force"][: int(force)]]
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "repro", *options, *targets],
        cwd=folder,
        env={**os.environ, "PATH": path_of_commands()},
        check=False,
    )
    if done.returncode:
        raise VqaxError(f"dvc repro stopped with the error printed above (exit {done.returncode})")
    return {"folder": str(folder), "stages run": "by dvc repro"}


def path_of_commands() -> str:
    """PATH with the commands of this Python first."""
    programs = str(Path(sys.executable).parent)
    return os.pathsep.join([programs, os.environ.get("PATH", "")])
