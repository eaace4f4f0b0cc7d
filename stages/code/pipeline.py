"""The part of dvc.yaml that a command writes: for each stage a ``code_…`` that hashes its code.

A stage depends on the fingerprint of its code, and the stage that writes the fingerprint on the
packages where that code lies. So dvc.lock names a file of code once for each kind of stage, not
for each of hundreds of stages.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from stages.code import STAGES
from stages.code.imports import file_of, members, modules
from stages.params import read_settings
from vqax.errors import BadData
from vqax.files import write_text

BEGIN = "  # written by `vqax code --write`; edit nothing below, it follows from imports\n"
END = "  # end of what `vqax code --write` writes\n"
SETTINGS_CODE = ("stages/params.py", "stages/sections.py")
FOLDER = "data/code"


def write(path: Path) -> dict[str, Any]:
    """Bring the generated part of dvc.yaml up to date."""
    text = path.read_text(encoding="utf-8")
    new = with_code(text, path)
    if new != text:
        write_text(path, new)
    return {"written": new != text}


def check(path: Path) -> dict[str, Any]:
    """Raises BadData where dvc.yaml is not what ``write`` would make of it."""
    text = path.read_text(encoding="utf-8")
    if with_code(text, path) != text:
        raise BadData(
            f"{path}: its code_… stages are not what the imports say; run vqax code --write"
        )
    return {"up to date": str(path)}


def with_code(text: str, path: Path) -> str:
    """The text of dvc.yaml with the part between the markers written anew.

    Raises:
        BadData: there are no markers.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise BadData(f"{path}: has no lines {BEGIN.strip()!r} and {END.strip()!r}; restore them")
    stages = read_settings(path)["stages"]
    return f"{before}{BEGIN}{''.join(map(_yaml, _code_stages(stages)))}{END}{after}"


def _code_stages(stages: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in STAGES:
        yield (
            f"code_{name}",
            {
                "cmd": " ".join(["vqax code", name, *_sections_read(name, stages)]),
                "deps": packages(name),
                "outs": [f"{FOLDER}/{name}"],
            },
        )


def packages(stage: str) -> list[str]:
    """Where the code of a stage lies: packages, or files that are in none."""
    entry = STAGES[stage]
    every = modules(entry).union(*(members(entry.family).values() if entry.family else ()))
    root = file_of("stages").parents[1]
    paths = (file_of(module).relative_to(root) for module in every)
    return sorted({*("/".join(path.parts[:2]) for path in paths), *SETTINGS_CODE})


def _sections_read(name: str, stages: dict[str, Any]) -> list[str]:
    """The sections among the parameters of the stages that depend on this code."""
    found = {
        parameter.partition(".")[0]
        for stage in stages.values()
        for template in [stage.get("do", stage)]
        if any(dep.startswith(f"{FOLDER}/{name}/") for dep in template.get("deps", []))
        for parameter in template.get("params", [])
    }
    return sorted(found)


def _yaml(stage: tuple[str, dict[str, Any]]) -> str:
    name, value = stage
    text = yaml.safe_dump({name: value}, sort_keys=False, default_flow_style=None, width=96)
    return "".join(f"  {line}" for line in text.splitlines(keepends=True)) + "\n"
