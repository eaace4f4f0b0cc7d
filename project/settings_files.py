"""The settings are one mapping in many files: params.yaml, and those of the folders of studies/.

So DVC, which parses a file of settings for each stage that reads of it, parses a small one.
dvc.yaml names the same files under ``vars``.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from project.references import section
from vqax.errors import MissingArtefact, UsageError
from vqax.yaml_files import read_yaml

KINDS = ("runs", "classifiers", "labels", "analyses", "study", "report")
CLASSIFIERS = ("images", "classifier_training", "classifiers")
OF_CLASSIFIERS = "edl"
"""The folder of all classifiers of images and of the experiments with them."""

SAID_BY = {"runs": "group", "analyses": "study", "region_analyses": "study"}
"""The key by which an entry of a section says in which folder it stands."""

FROM_SCRATCH = {"backbone": "none", "key_objects": "none"}
EMPTY = (
    *CLASSIFIERS[:1],
    *("classifiers", "experiments", "analyses", "region_analyses", "runs", "studies"),
)
"""Sections that dvc.yaml, or who reads all settings, needs even where nothing stands in them."""


def read_settings(path: Path) -> dict[str, Any]:
    """The sections of a YAML file; two keys of one name are an error, as is an empty file."""
    value = read_yaml(path)
    if not isinstance(value, dict):
        raise UsageError(f"{path}: holds no settings; restore it from git")
    return value


def read_whole(path: Path) -> dict[str, Any]:
    """The settings of params.yaml with those of its folders.

    Raises:
        MissingArtefact: no such file, or a folder without any.
        UsageError: a file is not YAML, gives what another one gave, or an entry belongs to
            another folder.
    """
    whole = read_settings(path)
    for file in files_of(path.parent, whole):
        value = read_settings(file)
        _check_place(file, value)
        _add(whole, value, str(file))
    return whole


def files_of(root: Path, settings: dict[str, Any]) -> list[Path]:
    """Every file of the folders, those of one folder after those of the one before it.

    Raises:
        MissingArtefact: a folder has none.
    """
    found = []
    for folder in _folders(settings):
        named = [_path(folder, kind) for kind in KINDS]
        there = [root / file for file in named if (root / file).exists()]
        if not there:
            raise MissingArtefact(
                f"{root / 'studies' / folder}: has no runs.yaml or study.yaml; write one, or take "
                "the folder out of `folders` in params.yaml"
            )
        found += there
    return found


def _folders(settings: dict[str, Any]) -> list[str]:
    folders = settings.get("folders", [])
    return [str(one) for one in folders] if isinstance(folders, list) else []


def split(settings: dict[str, Any]) -> dict[Path, dict[str, Any]]:
    """File -> what stands in it, in order, so that ``read_whole`` gives ``settings`` again."""
    parts: dict[Path, dict[str, Any]] = {}
    for file, keys, value in _places(settings):
        here = parts.setdefault(file, {})
        for key in keys[:-1]:
            here = here.setdefault(key, {})
        here[keys[-1]] = value
    shared = parts.setdefault(Path("params.yaml"), {})
    given = {key for part in parts.values() for key in part}
    shared.update({key: {} for key in EMPTY if key not in given})
    folders = dict.fromkeys(file.parent.name for file in parts if file.parent.name)
    shared["folders"] = sorted(folders, key=[*_folders(settings), *folders].index)
    named = [_path(folder, kind) for folder in shared["folders"] for kind in KINDS]
    return {file: parts[file] for file in (Path("params.yaml"), *named) if file in parts}


def _places(settings: dict[str, Any]) -> Iterator[tuple[Path, tuple[str, ...], Any]]:
    """(file, keys down to it, value) of everything."""
    for name, value in settings.items():
        if name in SAID_BY:
            for key, entry in value.items():
                full = {**FROM_SCRATCH, **entry} if name == "runs" else entry
                kind = "runs" if name == "runs" else "analyses"
                yield _path(entry[SAID_BY[name]], kind), (name, key), full
        elif name in (*CLASSIFIERS, "experiments") and value and settings.get("classifiers"):
            kind = "analyses" if name == "experiments" else "classifiers"
            yield _path(OF_CLASSIFIERS, kind), (name,), value
        elif name == "studies":
            for key, study in value.items():
                rest = {part: entry for part, entry in study.items() if part != "report"}
                yield _path(key, "study"), (name, key), rest
                yield _path(key, "report"), (name, key, "report"), study["report"]
        elif name == "labels":
            for key, label in value.items():
                yield _label_file(key, settings), (name, key), label
        else:
            yield Path("params.yaml"), (name,), value


def _label_file(name: str, settings: dict[str, Any]) -> Path:
    """Beside what bears the label: a run, a row of an analysis, or a classifier."""
    analyses = {**section(settings, "analyses"), **section(settings, "region_analyses")}
    analysis = analyses.get(name.partition("/")[0])
    if name in settings["runs"]:
        return _path(settings["runs"][name]["group"], "labels")
    if analysis is not None:
        return _path(analysis["study"], "labels")
    known = name in section(settings, "classifiers")
    return _path(OF_CLASSIFIERS, "labels") if known else Path("params.yaml")


def _path(folder: str, kind: str) -> Path:
    return Path("studies") / folder / f"{kind}.yaml"


def _check_place(file: Path, value: dict[str, Any]) -> None:
    """Where dvc.yaml looks for an entry, it has to stand."""
    for name, key in SAID_BY.items():
        for entry, settings in section(value, name).items():
            said = settings.get(key) if isinstance(settings, dict) else file.parent.name
            if said != file.parent.name:
                raise UsageError(
                    f"{file}: {name}.{entry}.{key} is {said!r}; name it {file.parent.name}, or "
                    f"move the entry to studies/{said}/{file.name}"
                )
            if name == "runs" and isinstance(settings, dict) and FROM_SCRATCH.keys() - settings:
                raise UsageError(
                    f"{file}: runs.{entry} names no backbone or no key_objects; dvc.yaml reads "
                    "them, give none where it has none"
                )


def _add(whole: dict[str, Any], value: dict[str, Any], file: str, where: str = "") -> None:
    """Merge as DVC does: mappings key by key, anything else stands once."""
    for key, entry in value.items():
        there, name = whole.get(key), f"{where}{key}"
        if isinstance(there, dict) and isinstance(entry, dict):
            _add(there, entry, file, f"{name}.")
        elif key in whole:
            raise UsageError(f"{file}: {name} stands in another file too; remove one of the two")
        else:
            whole[key] = entry
