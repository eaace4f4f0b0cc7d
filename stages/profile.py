"""A profile: an overlay of params.yaml that works in a folder of its own.

work/NAME holds the merged params.yaml, a dvc.yaml and a DVC repository without git, so the
default's results and dvc.lock stay as they are.
"""

import os
from pathlib import Path
from typing import Any

import yaml

from stages.params import checked, merged, read_yaml
from vqax.errors import MissingArtefact
from vqax.files import write_text

WHOLE_SECTIONS = ("scenes", "datasets", "runs", "tables", "significance", "report")
SEEN_FROM_THE_REPOSITORY = ("stages", "vqax", "data/published", ".dvcignore")


def prepare_profile(repository: Path, name: str) -> Path:
    """Write work/``name`` from profiles/``name``.yaml and return it.

    Sections in ``WHOLE_SECTIONS`` replace the default's; the others are merged entry by entry.
    A data set root below data/ belongs to the profile; any other is relative to the repository.

    Raises:
        MissingArtefact: no such profile.
        UsageError: mistakes in the merged settings, all of them.
    """
    overlay_path = repository / "profiles" / f"{name}.yaml"
    if not overlay_path.exists():
        known = ", ".join(sorted(path.stem for path in overlay_path.parent.glob("*.yaml")))
        raise MissingArtefact(f"{overlay_path}: no such profile; there are: {known or 'none'}")
    folder = repository / "work" / name
    settings = _overlaid(read_yaml(repository / "params.yaml"), read_yaml(overlay_path))
    checked(settings, f"{overlay_path} over params.yaml", families=True)
    for spec in settings["datasets"].values():
        if Path(spec["root"]).parts[0] != "data":
            spec["root"] = os.path.relpath(repository / spec["root"], folder)
    _write_yaml(folder / "params.yaml", settings)
    _write_yaml(folder / "dvc.yaml", _pipeline(repository, list(settings["runs"])))
    link_code(repository, folder)
    if not (folder / ".dvc" / "config").exists():
        make_repository(folder)
    return folder


def _overlaid(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    whole = {key: value for key, value in overlay.items() if key in WHOLE_SECTIONS}
    return merged({**base, **whole}, {k: v for k, v in overlay.items() if k not in whole})


def _pipeline(repository: Path, runs: list[str]) -> dict[str, Any]:
    """dvc.yaml of the repository, drawing the profile's runs."""
    pipeline = read_yaml(repository / "dvc.yaml")
    for plot in pipeline["plots"]:
        for settings in plot.values():
            settings["y"] = dict.fromkeys(settings["y"], runs)
    del pipeline["artifacts"]
    return pipeline


def link_code(repository: Path, folder: Path) -> None:
    """The code and the published numbers as dvc.yaml names them, under the same ignore rules.

    Links, because .dvcignore does not reach outside of a DVC repository: byte code that Python
    writes there would count as a change.
    """
    for name in SEEN_FROM_THE_REPOSITORY:
        link = folder / name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(os.path.relpath(repository / name, link.parent))


def _write_yaml(path: Path, value: dict[str, Any]) -> None:
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def make_repository(folder: Path) -> None:
    """What ``dvc init --no-scm`` leaves, with analytics off from the first moment."""
    write_text(folder / ".dvc" / "config", "[core]\n    no_scm = true\n    analytics = false\n")
