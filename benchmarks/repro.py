"""``vqax repro`` against ``dvc repro``: a pipeline of stages that do next to nothing.

Two chains of 60 stages each, with settings and dependencies as many as those of a training have.
Seconds for running all, for finding nothing to do, and for one stage in the middle that changed,
with one stage at a time on both sides; the command is ``vqax --version``, so starting it counts.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

STAGES, FILES, SETTINGS = 120, 12, 30
BIN = Path(sys.executable).parent
PEERS = {"dvc repro": ["dvc", "repro", "--quiet"], "vqax repro": ["vqax", "repro"]}


def pipeline(folder: Path) -> None:
    """Every stage reads the files and its own settings, and hands a file to the next but one."""
    (folder / "code").mkdir(parents=True)
    for file in range(FILES):
        (folder / "code" / f"{file}.py").write_text(str(file))
    shutil.copy("params.yaml", folder)
    own = {f"s{n}": {f"key{k}": n * k for k in range(SETTINGS)} for n in range(STAGES)}
    (folder / "own.yaml").write_text(yaml.safe_dump(own))
    stages = {name: stage(number) for number, name in enumerate(own)}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    command(folder, "dvc", "init", "--no-scm", "--quiet")


def stage(number: int) -> dict[str, Any]:
    deps = [f"code/{file}.py" for file in range(FILES)]
    if number > 1:
        deps.append(f"out{number - 2}")
    return {
        "cmd": ["vqax --version", f"cp code/0.py out{number}"],
        "deps": deps,
        "params": [{"own.yaml": [f"s{number}"]}],
        "outs": [f"out{number}"],
    }


def command(folder: Path, *words: str) -> float:
    """Seconds of the clock that it takes."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    started = time.perf_counter()
    subprocess.run(
        words, cwd=folder, env={**os.environ, "PATH": path}, check=True, capture_output=True
    )
    return time.perf_counter() - started


def seconds(folder: Path, words: list[str]) -> dict[str, float]:
    pipeline(folder)
    times = {"everything": command(folder, *words), "nothing to do": command(folder, *words)}
    text = (folder / "own.yaml").read_text()
    (folder / "own.yaml").write_text(text.replace("key1: 60", "key1: -1", 1))
    return times | {"one stage": command(folder, *words)}


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        times = {
            peer: seconds(Path(work) / peer.split()[0], words) for peer, words in PEERS.items()
        }
    for what in times["dvc repro"]:
        dvc, ours = (times[peer][what] for peer in ("dvc repro", "vqax repro"))
        print(
            f"{STAGES} stages, {what:14s} dvc {dvc:6.1f} s  vqax {ours:6.1f} s  {dvc / ours:.1f}x"
        )


if __name__ == "__main__":
    main()
