"""A profile: an overlay of params.yaml that works in a folder of its own.

work/NAME holds the merged settings, a dvc.yaml and a DVC repository without git, so the
default's results and dvc.lock stay as they are.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

import vqax
from project.overrides import merged
from project.params import Params
from project.places import check_name
from project.references import section
from project.repetitions import repetitions, seed_lists
from project.settings_files import read_settings, read_whole, split
from stages.components import check_whole
from stages.dvc_yaml import END, with_generated
from vqax.errors import MissingArtefact, UsageError
from vqax.files import write_text
from vqax.ownership import mark

WHOLE_SECTIONS = (
    *("scenes", "changing_priors", "datasets", "grids", "detectors", "coco_detectors", "regions"),
    *("imported_regions", "key_objects", "runs", "analyses", "region_analyses"),
    *("images", "classifiers", "experiments", "studies", "labels"),
)
ROOTED = (
    *("changing_priors", "datasets", "grids", "detectors", "coco_detectors"),
    *("regions", "imported_regions", "images"),
)
PATHS = ("root", "images", "source", "ids", "vocabulary", "weights")
OF_IMAGES = ("folder",)  # their source is the name of a reader
NO_PATHS = (None, "random")
DATA_ROOT = "VQAX_DATA"
"""A path of a profile that begins so is below the folder that the user keeps data sets in."""
SEEN_FROM_THE_REPOSITORY = ("stages", "project", "vqax", ".dvcignore")


def prepare_profile(repository: Path, name: str, data_root: Path | None = None) -> Path:
    """Write work/``name`` from profiles/``name``.yaml and return it.

    Sections in ``WHOLE_SECTIONS`` replace the default's; the others are merged entry by entry. A
    profile with data sets of its own has of those sections only what it gives.
    ``seeds`` says with which seeds runs are repeated (``project.repetitions``).
    A data set root below data/ belongs to the profile, one below VQAX_DATA to ``data_root``; any
    other is relative to the repository.

    Raises:
        MissingArtefact: no such profile.
        UsageError: mistakes in the merged settings, all of them, or a name that is no folder's;
            the profile needs a ``data_root``.
        BadData: work/``name`` holds files and is no profile's folder.
    """
    settings, params = profile_settings(repository, name, data_root)
    folder = repository / "work" / name
    for spec, keys in _with_paths(settings):
        for key in keys & spec.keys():
            if spec[key] not in NO_PATHS and Path(spec[key]).parts[:1] != ("data",):
                spec[key] = os.path.relpath(repository / spec[key], folder)
    mark(folder, "profile")
    write_pipeline(repository, folder, settings, params)
    link_code(repository, folder)
    if not (folder / ".dvc" / "config").exists():
        make_repository(folder)
    return folder


def profile_settings(
    repository: Path, name: str, data_root: Path | None
) -> tuple[dict[str, Any], Params]:
    """The merged settings of a profile, with paths as seen from the repository.

    Raises:
        MissingArtefact, UsageError: as ``prepare_profile``.
    """
    overlay_path = repository / "profiles" / f"{name}.yaml"
    known = sorted(path.stem for path in (repository / "profiles").glob("*.yaml"))
    if name not in known:  # nor is a path to somewhere else a name
        there = ", ".join(known) or "none"
        raise MissingArtefact(f"{overlay_path}: no such profile; there are: {there}")
    check_name("--profile", name)
    overlay = read_settings(overlay_path)
    seeds = overlay.pop("seeds", None)
    _place_data(overlay, overlay_path, data_root)
    settings = _overlaid(read_whole(repository / "params.yaml"), overlay)
    params = check_whole(settings, f"{overlay_path} over params.yaml")
    lists = seed_lists(seeds, settings["runs"], str(overlay_path))
    if any(lists.values()):
        settings["runs"] |= repetitions(settings["runs"], lists, params.seed)
        params = check_whole(settings, f"{overlay_path} over params.yaml")
    return settings, params


def _with_paths(settings: dict[str, Any]) -> Iterator[tuple[dict[str, Any], set[str]]]:
    """Every entry of the settings that may name files to read, and by which keys."""
    for name in ROOTED:
        keys = set(OF_IMAGES if name == "images" else PATHS)
        yield from (
            (one, keys) for one in section(settings, name).values() if isinstance(one, dict)
        )


def _place_data(overlay: dict[str, Any], source: Path, data_root: Path | None) -> None:
    """Put the folder of the data sets in the place of VQAX_DATA."""
    for spec, keys in _with_paths(overlay):
        for key in keys & spec.keys():
            parts = Path(str(spec[key])).parts
            if parts[:1] == (DATA_ROOT,):
                if data_root is None:
                    raise UsageError(
                        f"{source}: its data lie in {DATA_ROOT} ({spec[key]}); set that variable, "
                        "or give --data-root, to the folder in which you keep data sets"
                    )
                spec[key] = str(data_root.absolute().joinpath(*parts[1:]))


def _overlaid(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    whole = {key: value for key, value in overlay.items() if key in WHOLE_SECTIONS}
    if "datasets" in whole:
        whole = {**{key: {} for key in WHOLE_SECTIONS if key in base}, **whole}
    return merged({**base, **whole}, {k: v for k, v in overlay.items() if k not in whole})


def write_pipeline(
    repository: Path, folder: Path, settings: dict[str, Any], params: Params
) -> None:
    """The files of ``settings`` in ``folder``, and the pipeline of the repository for them.

    Files of a folder of studies/ that there is no more are removed.
    """
    files = split(settings)
    texts = {file: _yaml(value) for file, value in files.items()}
    template = (repository / "dvc.yaml").read_text(encoding="utf-8")
    beside = [file for file in files if file.parent.name]
    pipeline = with_generated(template, params, beside, repository / "dvc.yaml")
    texts[Path("dvc.yaml")] = pipeline.partition(END)[0]
    for old in (folder / "studies").glob("*/*.yaml"):
        if old.relative_to(folder) not in texts:
            old.unlink()
    for file, text in texts.items():
        path = folder / file
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)


def _yaml(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)


def link_code(repository: Path, folder: Path) -> None:
    """The code and the published numbers as dvc.yaml names them, under the same ignore rules.

    A folder of studies/ holds settings of the profile itself, so of its code each file is linked.

    Links, because .dvcignore does not reach outside of a DVC repository: byte code that Python
    writes there would count as a change.
    """
    of_studies = [*repository.glob("studies/**/*.py"), *repository.glob("studies/*/published")]
    linked = (path.relative_to(repository) for path in of_studies)
    for name in (*SEEN_FROM_THE_REPOSITORY, *linked):
        link = folder / name
        link.parent.mkdir(parents=True, exist_ok=True)
        target = Path(vqax.__file__).parent if name == "vqax" else repository / name
        if not link.is_symlink():
            link.symlink_to(os.path.relpath(target, link.parent))


def make_repository(folder: Path) -> None:
    """What ``dvc init --no-scm`` leaves, with analytics off from the first moment."""
    write_text(folder / ".dvc" / "config", "[core]\n    no_scm = true\n    analytics = false\n")
