"""Copies of the repository that a test may edit, and commands that run their code."""

import json
import os
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, path
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def shell(folder: Path, *words: str) -> str:
    """What a command prints that runs the code of ``folder``."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, "PATH": path, "PYTHONPATH": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def would_run(folder: Path) -> list[str]:
    return json.loads(shell(folder, "vqax", "repro", "--dry", "--json"))["would run"]
