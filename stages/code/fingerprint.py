"""What a stage runs with, as a text that changes with it and with nothing else.

A line for each module: its name and the hash of what Python runs of it. Comments, docstrings and
blank lines are no part of that, so a better sentence trains nothing again. Then a line for each
setting that all stages of the kind share, and for the defaults of each section that they read.
"""

import ast
import hashlib
import io
import json
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from project.params import Params, named
from project.settings_files import read_settings
from project.workspace import Workspace
from stages.code import STAGES, Entry
from stages.code.imports import file_of, members, modules
from vqax.files import write_text

WHOLE = "code"


def run(workspace: Workspace, stage: str, sections: Iterable[str]) -> dict[str, Any]:
    """Write the fingerprints of ``stage``: one of all, or one for each member of its family.

    Args:
        sections: the sections of the settings that it reads; their defaults are part of it.

    Raises:
        UsageError: no such stage.
    """
    settings = read_settings(workspace.root / "params.yaml")
    texts = fingerprints(settings, stage, sections)
    for name, text in texts.items():
        write_text(workspace.code(stage) / f"{name}.txt", text)
    return {"lines": {name: len(text.splitlines()) for name, text in texts.items()}}


def fingerprints(
    settings: dict[str, Any], stage: str, sections: Iterable[str] = ()
) -> dict[str, str]:
    """Member of the stage's family, or ``code`` where it has none -> fingerprint."""
    entry = named(STAGES, stage, "stage with code of ours", "stages.code.STAGES")
    shared = modules(entry)
    parts: dict[str, set[str]] = members(entry.family) if entry.family else {}
    if ":" not in (entry.family or ""):  # of papers a stage may need none
        parts |= {WHOLE: set()}
    defaults = [_line(f"defaults of {name}", _defaults(name)) for name in sections]
    code = cache(_lines)  # members of a family share most modules
    return {
        name: "".join(
            [*map(code, sorted(shared | own)), *_values(settings, entry, name), *defaults]
        )
        for name, own in parts.items()
    }


def _values(settings: dict[str, Any], entry: Entry, member: str) -> Iterator[str]:
    """The settings that all stages of the kind share, or all of the member."""
    for key in entry.settings:
        name, value = key.replace("*", member), settings
        for part in name.split("."):
            value = value.get(part, {})
        yield _line(name, value)


def _line(name: str, value: Any) -> str:
    return f"{name} {_hash(json.dumps(value, sort_keys=True))}\n"


def _lines(module: str) -> str:
    path = file_of(module)
    source = path.read_text(encoding="utf-8")
    texts = {module: what_runs(source)}
    for file in files_beside(path, source):
        texts[f"{module} {file.name}"] = file.read_text(encoding="utf-8")
    return "".join(f"{name} {_hash(text)}\n" for name, text in texts.items())


def files_beside(module: Path, source: str) -> list[Path]:
    """The files of a folder beside the module that it names and that holds no Python: templates."""
    return [
        file
        for folder in sorted(module.parent.iterdir())
        if folder.is_dir() and f'"{folder.name}"' in source and not any(folder.glob("*.py"))
        for file in sorted(folder.iterdir())
        if file.is_file()
    ]


def what_runs(source: str) -> str:
    """A module without comments, docstrings and blank lines."""
    lines = source.encode().splitlines()
    for row, column in _comments(source):
        lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        if _is_text_alone(node):
            _blank(lines, node)
    return "\n".join(line.decode().rstrip() for line in lines if line.strip())


def _comments(source: str) -> Iterator[tuple[int, int]]:
    """Row from 1, and the byte of that row where a comment begins."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], len(token.line[: token.start[1]].encode())


def _is_text_alone(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _blank(lines: list[bytes], node: Any) -> None:
    """Remove the place of ``node`` from the lines, all of which stay."""
    first, last = node.lineno - 1, node.end_lineno - 1
    rest = lines[last][node.end_col_offset :]
    lines[first] = lines[first][: node.col_offset]
    lines[first + 1 : last + 1] = [b""] * (last - first)
    lines[last] += rest


def _defaults(section: str) -> Any:
    """What a section of params.yaml is where it says nothing."""
    return _of_type(Params.model_fields[section].annotation)


def _of_type(annotation: Any) -> Any:
    """The defaults of every settings class that the type of a field names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = sorted(annotation.model_fields.items())
        return {name: [_default(field), _of_type(field.annotation)] for name, field in fields}
    return [found for part in get_args(annotation) if (found := _of_type(part))]


def _default(field: FieldInfo) -> str:
    return "" if field.is_required() else repr(field.get_default(call_default_factory=True))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
