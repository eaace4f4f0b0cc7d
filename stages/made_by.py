"""Which command makes an output of the pipeline: for errors about one that is not there.

dvc.yaml of this repository says it: every stage names its command and what it leaves.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from project.references import section
from project.settings_files import read_settings, read_whole
from vqax.errors import VqaxError

PIPELINE = Path("dvc.yaml")
OF_THIS_REPOSITORY = Path(__file__).resolve().parents[1] / PIPELINE
KEY = "${key}"


def told(error: VqaxError) -> str:
    """The error with the right command as its remedy, if it is about an output of a stage."""
    command = None if error.output is None else command_for(error.output)
    if command is None:
        return str(error)
    what, _, _ = str(error).rpartition("; ")
    return f"{what or error}; run `{command}`"


def command_for(output: Path) -> str | None:
    """What makes ``output``, in a folder with settings; None if no stage of theirs does.

    In a folder without dvc.yaml it is the command of the stage alone.
    """
    try:
        settings = read_whole(Path("params.yaml"))
        stages = section(read_settings(OF_THIS_REPOSITORY), "stages")
    except VqaxError:
        return None
    path = output.absolute()
    path = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else output
    for name, stage in stages.items():
        template = stage.get("do", stage)
        for key in _keys(template, path):
            each = stage.get("foreach", "")
            entries = each if isinstance(each, dict) else section(settings, each.strip("${}"))
            if key is None or key in entries:
                command = template["cmd"].removesuffix(" --resume")
                target = name if key is None else f"{name}@{key}"
                return (
                    f"vqax repro {target}" if PIPELINE.exists() else _filled(command, key, entries)
                )
    return None


def _filled(command: str, key: str | None, entries: dict[str, Any]) -> str:
    """The command of one entry of a template; of any other stage it is as it stands."""
    if key is None:
        return command
    text = command.replace(KEY, key)
    for name, value in section(entries, key).items():
        text = text.replace(f"${{item.{name}}}", str(value))
    return text


def _keys(template: dict[str, Any], path: Path) -> Iterator[str | None]:
    """The entry whose output ``path`` is or lies in, for each output of a stage that it fits."""
    for out in template.get("outs", []) + template.get("metrics", []):
        text = next(iter(out)) if isinstance(out, dict) else out
        if found := re.fullmatch(_pattern(text) + "(/.*)?", path.as_posix()):
            yield found.groupdict().get("key")


def _pattern(out: str) -> str:
    """``data/runs/${item.group}/${key}`` as a regular expression."""
    parts = re.split(r"(\$\{[^}]*\})", out)
    some = {part: "(?P<key>[^/]+)" if part == KEY else "[^/]+" for part in parts[1::2]}
    return "".join(some.get(part, re.escape(part)) for part in parts)
