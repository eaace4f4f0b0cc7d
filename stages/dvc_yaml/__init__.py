"""The part of dvc.yaml that a command writes: what follows from imports and from settings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from project.params import Params, load
from project.settings_files import files_of, read_settings
from stages.dvc_yaml.classifiers import classify_stage
from stages.dvc_yaml.code import code_stages
from stages.dvc_yaml.studies import shown, study_stages
from vqax.errors import BadData
from vqax.files import write_text

BEGIN = "  # written by `vqax pipeline`; edit nothing below: it follows from imports and settings\n"
READ_BY_TEMPLATES = ("runs", "analyses")
END = "# end of what `vqax pipeline` writes\n"


def write(root: Path) -> dict[str, Any]:
    """Bring the generated part of dvc.yaml up to date."""
    path, new = _up_to_date(root)
    changed = new != path.read_text(encoding="utf-8")
    if changed:
        write_text(path, new)
    return {"dvc.yaml": "written" if changed else "up to date"}


def check(root: Path) -> dict[str, Any]:
    """Raises BadData where dvc.yaml is not what ``write`` would make of it."""
    path, new = _up_to_date(root)
    if new != path.read_text(encoding="utf-8"):
        raise BadData(f"{path}: is not what imports and settings say; run vqax pipeline")
    return {"dvc.yaml": "up to date"}


def _up_to_date(root: Path) -> tuple[Path, str]:
    path, params = root / "dvc.yaml", load(root / "params.yaml")
    files = files_of(root, read_settings(root / "params.yaml"))
    text = path.read_text(encoding="utf-8")
    return path, with_generated(text, params, [file.relative_to(root) for file in files], path)


def with_generated(text: str, params: Params, files: Sequence[Path], path: Path) -> str:
    """The text of dvc.yaml with the part between the markers written anew.

    Args:
        files: those of the settings beside params.yaml, in the order in which they are read.

    Raises:
        BadData: there are no markers.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise BadData(f"{path}: has no lines {BEGIN.strip()!r} and {END.strip()!r}; restore them")
    names = [file.as_posix() for file in files]
    of_settings = {"classify": classify_stage(params), **study_stages(params, names)}
    of_code = code_stages({**yaml.safe_load(before)["stages"], **of_settings})
    stages = [_indented({name: stage}) for name, stage in {**of_code, **of_settings}.items()]
    read = {"vars": [name for name in names if Path(name).stem in READ_BY_TEMPLATES]}
    return before + begin + "\n".join([*stages, *map(_yaml, (read, *shown(params)))]) + end + after


def _indented(value: dict[str, Any]) -> str:
    return "".join(f"  {line}" for line in _yaml(value).splitlines(keepends=True))


def _yaml(value: Any) -> str:
    """Blocks, but for lists of names: these in one line, as far as it goes."""
    return yaml.safe_dump(
        value, sort_keys=False, default_flow_style=None, width=96, allow_unicode=True
    )
