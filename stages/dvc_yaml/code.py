"""For each kind of stage a ``code_…`` that hashes its code and the settings that all share.

A stage depends on that fingerprint. So dvc.lock names a file of code, or a shared setting, once for
each kind of stage, not for each of hundreds of stages.
"""

from pathlib import Path
from typing import Any

from project.settings_files import CLASSIFIERS
from stages.code import STAGES
from stages.code.imports import file_of, in_folders, members, modules

SETTINGS_CODE = ("project/params.py", "project/schema.py")
FOLDER = "data/code"
SECTIONS_OF = {
    "runs.yaml": ("runs",),
    "classifiers.yaml": CLASSIFIERS,
    "analyses.yaml": ("analyses", "region_analyses", "experiments"),
    "study.yaml": ("studies",),
    "report.yaml": ("studies",),
}
"""What a stage reads that depends on a whole file of settings."""


def code_stages(others: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """``code_NAME`` for every stage with code of ours; ``others`` are the stages that run it."""
    return {
        f"code_{name}": {
            "cmd": " ".join(["vqax code", name, *_sections_read(name, others)]),
            "deps": packages(name),
            **_shared(name),
            "outs": [f"{FOLDER}/{name}"],
        }
        for name in STAGES
    }


def _shared(stage: str) -> dict[str, list[str]]:
    """The settings that all stages of the kind share."""
    keys = [key.removesuffix(".*") for key in STAGES[stage].settings]
    return {"params": keys} if keys else {}


def packages(stage: str) -> list[str]:
    """Where the code of a stage lies: packages, or files that are in none.

    Of studies/ single files, because settings stand beside them.
    """
    entry = STAGES[stage]
    every = modules(entry)
    if entry.family:
        lists = in_folders(entry.family.partition(":")[0]).values()
        every = every.union(lists, *members(entry.family).values())
    paths = [_as_linked(module) for module in every]
    files = {path.as_posix() for path in paths if path.parts[0] == "studies"}
    folders = {"/".join(path.parts[:2]) for path in paths if path.parts[0] != "studies"}
    return sorted({*files, *folders, *SETTINGS_CODE})


def _as_linked(module: str) -> Path:
    """Its file as a clone has it; an installed wheel has the library in another place."""
    top = file_of(module.partition(".")[0]).parents[1]
    return file_of(module).relative_to(top)


def _sections_read(name: str, stages: dict[str, Any]) -> list[str]:
    """The sections of settings that the stages read which depend on this code."""
    found = {key.partition(".")[0] for key in STAGES[name].settings}
    for stage in stages.values():
        template = stage.get("do", stage)
        deps = template.get("deps", [])
        if any(dep.startswith(f"{FOLDER}/{name}/") for dep in deps):
            found.update(*map(_sections, template.get("params", [])))
            found.update(*(SECTIONS_OF.get(Path(dep).name, ()) for dep in deps))
    return sorted(found)


def _sections(parameter: str | dict[str, list[str]]) -> set[str]:
    """Those of one entry of ``params``: a key, or keys by file.

    A key that begins with ``${`` is one of the sections that the others name.
    """
    files = {"": [parameter]} if isinstance(parameter, str) else parameter
    keys = (key for listed in files.values() for key in listed if not key.startswith("${"))
    return {key.partition(".")[0] for key in keys}
