"""Names in params.yaml that become paths, and places there that only generated data may have."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from project.references import all_analyses, section, training_runs
from vqax.errors import UsageError

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
GENERATED = {"scenes": "data/scenes", "changing_priors": "data/cp"}
"""Section -> the folder in which each of its entries has one of its own."""
ONE_FOLDER = (
    ("runs",),
    ("grids", "regions", "imported_regions"),
    ("detectors", "coco_detectors"),
    ("analyses", "region_analyses", "experiments"),
)
"""Sections whose entries write files of the same names."""
NAMED = (
    *GENERATED,
    *(name for sections in ONE_FOLDER for name in sections),
    *("datasets", "key_objects", "images", "classifiers", "studies"),
)
INPUTS = {
    **dict.fromkeys(("changing_priors", "detectors"), ("root",)),
    **dict.fromkeys(("datasets", "regions"), ("root", "images")),
    "grids": ("root", "images", "weights"),
    "coco_detectors": ("weights",),
    "imported_regions": ("source", "ids", "vocabulary"),
    "images": ("folder",),
}
"""Section -> its settings that say where files to read are."""
OUTPUTS = (
    *("code", "datasets", "features", "detectors", "key_objects", "runs", "checkpoints", "locks"),
    *("explanations", "scores", "agreement", "analyses", "classifiers", "reports", "explained"),
)
"""Folders of data/ that stages write into; DVC deletes what lies there before a stage runs."""


def wrong_names_and_places(raw: dict[str, Any]) -> list[str]:
    """A line for every one; works on settings with other mistakes."""
    return [
        *(line for where, name in _named(raw) if (line := wrong_name(where, name))),
        *_doubled(raw),
        *_reserved(raw),
        *_elsewhere(raw),
        *_overwritten(raw),
    ]


def wrong_name(where: str, name: Any) -> str:
    """What is wrong with a name that becomes part of a path; "" if nothing is."""
    if not isinstance(name, str) or NAME.fullmatch(name):
        return ""
    return (
        f"{where}: {name!r:.120} cannot be a name; use 1 to 100 letters (a to z, A to Z), digits, "
        "_ and -, the first not -"
    )


def check_name(where: str, name: str) -> None:
    """Raise UsageError unless a name on the command line can be part of a path."""
    if wrong := wrong_name(where, name):
        raise UsageError(wrong)


def refuse_foreign_folders(folder: Path, stages: list[str]) -> None:
    """Raise BadData where something that was not generated stands in the place of generated data.

    ``stages`` (``scenes@scenes_v1``) are about to run, and DVC would delete it without a look.
    """
    from vqax.ownership import refuse_foreign, refuse_outside  # pandas, which light commands lack

    for stage in stages:
        kind, _, name = stage.partition("@")
        if kind in GENERATED:
            place = folder / GENERATED[kind] / name
            refuse_outside(place, folder / "data")
            refuse_foreign(place, kind)


def _named(raw: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Where a name stands that becomes part of a path, and the name."""
    for kind in NAMED:
        yield from ((kind, name) for name in section(raw, kind))
    for where, run in training_runs(raw).values():
        yield f"{where}.group", run.get("group")
    for name, options in all_analyses(raw).items():
        yield from ((f"analyses.{name}.rows", row) for row in section(options, "rows"))
    for name, study in section(raw, "studies").items():
        sets = section(section(study, "significance"), "sets")
        yield from ((f"studies.{name}.significance.sets", one) for one in sets)


def _doubled(raw: dict[str, Any]) -> Iterator[str]:
    for kinds in ONE_FOLDER:
        first: dict[str, str] = {}
        for kind in kinds:
            for name in section(raw, kind):
                if first.setdefault(name, kind) != kind:
                    yield (
                        f"{kind}.{name}: {first[name]} has an entry of this name too, and both "
                        "write the same files; rename one of the two"
                    )


def _reserved(raw: dict[str, Any]) -> Iterator[str]:
    """``none`` is what a run gives that has no backbone, or sees no key objects."""
    groups = ((f"{where}.group", run.get("group")) for where, run in training_runs(raw).values())
    mined = (("key_objects", name) for name in section(raw, "key_objects"))
    for where, name in (*groups, *mined):
        if name == "none":
            yield f"{where}: 'none' stands for having none; use another name"


def _elsewhere(raw: dict[str, Any]) -> Iterator[str]:
    """Data sets that have the name of a generated one and lie in another place."""
    for name, dataset in section(raw, "datasets").items():
        places = {
            f"{folder}/{name}": kind
            for kind, folder in GENERATED.items()
            if name in section(raw, kind)
        }
        root = dataset.get("root") if isinstance(dataset, dict) else None
        if places and isinstance(root, str) and _relative(root) not in map(PurePath, places):
            place, kind = next(iter(places.items()))
            yield (
                f"datasets.{name}.root: is {root}, but {kind}.{name} generates {place}; "
                f"give {place} as the root, or rename one of the two entries"
            )


def _overwritten(raw: dict[str, Any]) -> Iterator[str]:
    """Files to read in folders that stages write into."""
    given = [
        (f"{kind}.{name}.{key}", section(entries, name).get(key))
        for kind, keys in INPUTS.items()
        for entries in (section(raw, kind),)
        for name in entries
        for key in keys
    ]
    for where, path in [*given, ("text.vectors", section(raw, "text").get("vectors"))]:
        parts = _relative(path).parts if isinstance(path, str) else ()
        if parts[:1] == ("results",) or (parts[:1] == ("data",) and {*parts[1:2]} & {*OUTPUTS}):
            yield (
                f"{where}: is {path}, and stages write and delete files in {'/'.join(parts[:2])}; "
                "move what is to be read to another folder"
            )


def _relative(path: str) -> PurePath:
    """A path without ``.`` and ``..``, as seen from the folder of params.yaml."""
    return PurePath(os.path.relpath(path) if Path(path).is_absolute() else os.path.normpath(path))
