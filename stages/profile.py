"""A profile: an overlay of params.yaml that works in a folder of its own.

work/NAME holds the merged params.yaml, a dvc.yaml and a DVC repository without git, so the
default's results and dvc.lock stay as they are.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from stages.families import check_whole
from stages.params import merged, read_settings
from stages.places import check_name
from vqax.errors import MissingArtefact, UsageError
from vqax.files import write_text
from vqax.ownership import mark

WHOLE_SECTIONS = (
    *("scenes", "changing_priors", "datasets", "grids", "detectors", "coco_detectors", "regions"),
    *("imported_regions", "key_objects", "runs", "fine_tuned", "analyses", "region_analyses"),
    *("pictures", "classifiers", "experiments", "studies", "labels"),
)
OF_A_STUDY = ("compare_", "report_", "claims_")
ROOTED = (
    *("changing_priors", "datasets", "grids", "detectors", "coco_detectors"),
    *("regions", "imported_regions"),
)
PATHS = ("root", "pictures", "source", "ids", "vocabulary", "weights")
NO_PATHS = (None, "random")
SEEN_FROM_THE_REPOSITORY = ("stages", "vqax", "data/published", ".dvcignore")


def prepare_profile(repository: Path, name: str) -> Path:
    """Write work/``name`` from profiles/``name``.yaml and return it.

    Sections in ``WHOLE_SECTIONS`` replace the default's; the others are merged entry by entry. A
    profile with data sets of its own has of those sections only what it gives.
    ``seeds: [21, 22]`` repeats every run with these seeds beside its own.
    A data set root below data/ belongs to the profile; any other is relative to the repository.

    Raises:
        MissingArtefact: no such profile.
        UsageError: mistakes in the merged settings, all of them, or a name that is no folder's.
        BadData: work/``name`` holds files and is no profile's folder.
    """
    overlay_path = repository / "profiles" / f"{name}.yaml"
    known = sorted(path.stem for path in (repository / "profiles").glob("*.yaml"))
    if name not in known:  # nor is a path to somewhere else a name
        there = ", ".join(known) or "none"
        raise MissingArtefact(f"{overlay_path}: no such profile; there are: {there}")
    check_name("--profile", name)
    folder = repository / "work" / name
    overlay = read_settings(overlay_path)
    seeds = _seeds(overlay.pop("seeds", None) or [], overlay_path)
    settings = _overlaid(read_settings(repository / "params.yaml"), overlay)
    check_whole(settings, f"{overlay_path} over params.yaml")
    settings["runs"] |= _repeated(settings["runs"], seeds)
    for spec in (one for section in ROOTED for one in settings.get(section, {}).values()):
        for key in set(PATHS) & spec.keys():
            if spec[key] not in NO_PATHS and Path(spec[key]).parts[:1] != ("data",):
                spec[key] = os.path.relpath(repository / spec[key], folder)
    mark(folder, "profile")
    _write_yaml(folder / "params.yaml", settings)
    _write_yaml(folder / "dvc.yaml", pipeline(repository, settings))
    link_code(repository, folder)
    if not (folder / ".dvc" / "config").exists():
        make_repository(folder)
    return folder


def _overlaid(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    whole = {key: value for key, value in overlay.items() if key in WHOLE_SECTIONS}
    if "datasets" in whole:
        whole = {**{key: {} for key in WHOLE_SECTIONS if key in base}, **whole}
    return merged({**base, **whole}, {k: v for k, v in overlay.items() if k not in whole})


def _seeds(seeds: Any, overlay_path: Path) -> list[int]:
    if not isinstance(seeds, list) or not all(type(seed) is int for seed in seeds):
        raise UsageError(f"{overlay_path}: seeds: {seeds!r}; list whole numbers, such as [21, 22]")
    return seeds


def _repeated(runs: dict[str, Any], seeds: list[int]) -> dict[str, Any]:
    """Each run that repeats no other one, with each seed; they are checked by what they repeat."""
    return {
        f"{name}_seed{seed}": {**run, "replicate_of": name, "seed": seed}
        for name, run in runs.items()
        for seed in seeds
        if run.get("replicate_of") is None
    }


def pipeline(repository: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """dvc.yaml of the repository without what the profile has not: studies, groups, analyses."""
    whole = read_settings(repository / "dvc.yaml")
    studies = settings["studies"]
    stages = {name: stage for name, stage in whole["stages"].items() if _wanted(name, studies)}
    for name, stage in stages.items():
        if "foreach" not in stage:
            stage["deps"] = list(dict.fromkeys(_dependencies(name, stage["deps"], settings)))
            stage["params"] = [key for key in stage.get("params", []) if _is_set(key, settings)]
    metrics = [path for path in whole["metrics"] if path.split("/")[1] in studies]
    return {"stages": stages, "metrics": metrics, "plots": _plots(whole["plots"], settings)}


def _plots(plots: list[dict[str, Any]], settings: dict[str, Any]) -> list[dict[str, Any]]:
    """The curves of the first study's runs; none where the profile only trains."""
    studies = settings["studies"]
    first = next(iter(studies), None)
    if first is None:
        return []
    shown = [
        name
        for name, run in settings["runs"].items()
        if run["group"] in studies[first]["groups"] and run.get("replicate_of") is None
    ]
    return [
        {name: {**drawn, "y": {f"results/{first}/curves.csv": shown}}}
        for plot in plots
        for name, drawn in plot.items()
    ]


def _wanted(stage: str, studies: dict[str, Any]) -> bool:
    """Whether the profile has what the stage is about: its study, claims to test."""
    tested = [name for name, study in studies.items() if study["report"].get("claims")]
    if stage == "claims":
        return bool(tested)
    if stage.startswith("claims_"):
        return stage.removeprefix("claims_") in tested
    return not stage.startswith(OF_A_STUDY) or stage.partition("_")[2] in studies


def _dependencies(stage: str, dependencies: list[str], settings: dict[str, Any]) -> Iterator[str]:
    """Those of a compare, report or claims stage with the profile's own groups and data sets."""
    studies = settings["studies"]
    study = studies.get(stage.partition("_")[2])
    groups = study["groups"] if study else [g for one in studies.values() for g in one["groups"]]
    runs = {**settings["runs"], **settings["fine_tuned"]}.values()
    datasets = [run["dataset"] for run in runs if run["group"] in groups]
    own = {
        **dict.fromkeys(("runs", "explanations", "scores"), groups),
        **dict.fromkeys(("agreement", "datasets"), datasets),
    }
    for dependency in dependencies:
        kind, _, name = dependency.removeprefix("data/").partition("/")
        if kind in own:
            yield from (f"data/{kind}/{one}" for one in own[kind])
        elif kind == "results" and name.startswith("claims/"):
            if _wanted(f"claims_{Path(name).stem.removesuffix('_comparisons')}", studies):
                yield dependency
        elif kind != "analyses" or name in {
            *settings["analyses"],
            *settings.get("region_analyses", {}),
            *settings.get("experiments", {}),
        }:
            yield dependency


def _is_set(parameter: str | dict[str, Any], settings: dict[str, Any]) -> bool:
    """Whether the profile gives the parameter; DVC refuses a stage with one that nobody gives."""
    if isinstance(parameter, dict):  # the whole of another file
        return True
    value: Any = settings
    for key in parameter.split("."):
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True


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
