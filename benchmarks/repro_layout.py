"""Plain ``dvc repro`` with nothing to do, and the size of dvc.lock: two layouts of all stages.

The peer is one params.yaml for all settings and, in every stage, the list of packages that its code
follows from; ours are settings by paper and kind, and fingerprints of code. The same stages with
the same inputs and outputs; the outputs are small files. CPU seconds, so other work on the machine
counts little.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from project.settings_files import read_settings, read_whole
from stages.code import STAGES
from stages.dvc_yaml.code import packages
from stages.profile import make_repository
from stages.repro.lock_file import add

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("cli", "stages", "project", "vqax", ".dvcignore")
OF_FILE = {"study": "studies", "report": "studies", "classifiers": "classifiers"}


def layouts(work: Path) -> dict[str, Path]:
    """The pipeline of this repository in its own layout, and in the one of a single file."""
    made = {"one file": work / "one", "by paper": work / "ours"}
    for folder in made.values():
        folder.mkdir()
        for name in COPIED:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).symlink_to(ROOT / name)
        make_repository(folder)
    for name in ("params.yaml", "dvc.yaml", "studies"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(
            ROOT / name, made["by paper"] / name
        )
    write(made["one file"] / "params.yaml", read_whole(ROOT / "params.yaml"))
    write(made["one file"] / "dvc.yaml", {"stages": dict(of_one_file())})
    return made


def of_one_file() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every stage with the code and the settings that its fingerprint and files stand for."""
    for name, stage in read_settings(ROOT / "dvc.yaml")["stages"].items():
        if name.startswith("code_"):
            continue
        template = stage.get("do", stage)
        deps, params = template.get("deps", []), []
        for given in template.get("params", []):
            params += [given] if isinstance(given, str) else [k for v in given.values() for k in v]
        for dep in deps:
            params += settings_behind(dep, stage)
        code = [part for dep in deps if dep.startswith("data/code/") for part in code_of(dep)]
        kept = [d for d in deps if not d.startswith(("data/code/", "studies/"))]
        template |= {"deps": [*kept, *code], "params": list(dict.fromkeys(params))}
        yield name, stage


def code_of(fingerprint: str) -> list[str]:
    return packages(fingerprint.split("/")[2])


def settings_behind(dep: str, stage: dict[str, Any]) -> list[str]:
    """Keys of params.yaml that a fingerprint or a file of settings stands for."""
    if dep.startswith("data/code/"):
        model = "${item.model}" if "foreach" in stage else ""
        return [key.replace("*", model) for key in STAGES[dep.split("/")[2]].settings]
    if not dep.startswith("studies/"):
        return []
    _, folder, file = dep.split("/")
    kind = OF_FILE.get(Path(file).stem, Path(file).stem)
    return [f"studies.{folder}"] if kind == "studies" else [kind]


def write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), encoding="utf-8")


def fill(folder: Path) -> None:
    """Small outputs for every stage, recorded as made."""
    from dvc.repo import Repo

    with Repo(str(folder)) as repo:
        stages = list(repo.index.stages)
        outs = [folder / out.def_path for stage in stages for out in stage.outs]
        deps = {folder / dep.def_path for stage in stages for dep in stage.deps}
        for out in outs:
            inside = [dep for dep in deps if out in dep.parents]
            for path in inside or ([out] if out.suffix or out.name == "none" else [out / "file"]):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(str(path.relative_to(folder)))
        with repo.lock:
            known: dict[str, Any] = {}
            for stage in stages:
                for dep in stage.deps:
                    save_once(dep, known)
                stage.save_outs()
                stage.commit()
            add(folder, stages, [stage.name for stage in stages])


def save_once(dep: Any, known: dict[str, Any]) -> None:
    """As ``dep.save()``; what is hashed for one stage is ``known`` for the others."""
    if type(dep).__name__ == "ParamsDependency":
        dep.save()
        return
    if dep.fs_path not in known:
        dep.save()
        known[dep.fs_path] = dep.hash_info, dep.meta
    dep.hash_info, dep.meta = known[dep.fs_path]


def cpu_seconds(folder: Path, *words: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(
        words, cwd=folder, env={**os.environ, "PATH": path}, check=True, capture_output=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        seconds, sizes = {}, {}
        for layout, folder in layouts(Path(work)).items():
            fill(folder)
            sizes[layout] = (folder / "dvc.lock").stat().st_size
            seconds[layout] = cpu_seconds(folder, "dvc", "repro")
        own = cpu_seconds(Path(work) / "ours", "vqax", "repro")
    peer, ours = "one file", "by paper"
    print(
        f"dvc repro, nothing to do: {seconds[peer]:.1f} s {peer}, {seconds[ours]:.1f} s {ours}: "
        f"{seconds[ours] / seconds[peer]:.2f} (vqax repro {own:.1f} s)"
    )
    print(
        f"dvc.lock: {sizes[peer] / 1000:.0f} kB {peer}, {sizes[ours] / 1000:.0f} kB {ours}: "
        f"{sizes[ours] / sizes[peer]:.2f}"
    )


if __name__ == "__main__":
    main()
