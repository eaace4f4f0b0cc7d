"""DVC repositories in a folder of their own: without git, without cost."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from project.settings_files import read_settings, read_whole
from project.workspace import Workspace
from stages.code import fingerprint
from stages.components import check_whole
from stages.profile import link_code, make_repository, write_pipeline
from tests.stages import tiny


def trivial(folder: Path, stages: dict[str, dict[str, Any]]) -> Path:
    """Shell stages beside settings that are whole."""
    folder.mkdir(exist_ok=True)
    tiny.write_settings(folder, tiny.settings())
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}), encoding="utf-8")
    make_repository(folder)
    return folder


def shell(command: str, *, deps: tuple[str, ...] = (), out: str) -> dict[str, Any]:
    return {"cmd": command, "deps": list(deps), "outs": [out]}


def committed(folder: Path) -> Path:
    """The committed pipeline around a finished workspace, its outputs taken as up to date."""
    link_code(tiny.ROOT, folder)
    make_repository(folder)
    write_settings(folder, read_whole(folder / "params.yaml"))
    stages = read_settings(folder / "dvc.yaml")["stages"]
    subprocess.run(stages["none"]["cmd"], shell=True, cwd=folder, check=True)
    for name, stage in stages.items():
        if name.startswith("code_"):
            _, _, code, *sections = stage["cmd"].split()
            fingerprint.run(Workspace(folder), code, sections)
    dvc(folder, "commit", "--force", "--quiet")
    return folder


def write_settings(folder: Path, value: dict[str, Any]) -> None:
    """In the files that DVC reads, with the pipeline that follows from them."""
    write_pipeline(tiny.ROOT, folder, value, check_whole(value, "params"))


def dvc(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
