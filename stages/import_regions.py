"""Published region features to a feature file in data/features, and what is missing in them."""

from pathlib import Path
from typing import Any

import pandas as pd

from project.params import Params, named
from project.places import check_name
from project.resolve import folders
from project.schema import ImportedRegions
from project.workspace import Workspace
from stages.regions import describe
from vqax.data import Skipped
from vqax.errors import UsageError
from vqax.files import write_parquet
from vqax.vision.imported import RegionSource, import_regions, open_source, read_class_names


def run(params: Params, workspace: Workspace, name: str, *, progress: Any = None) -> dict[str, Any]:
    """Import ``name`` of params.yaml: imported_regions."""
    spec = named(params.imported_regions, name, "import", "params.yaml: imported_regions")
    return of_file(params, workspace, name, spec, progress=progress)


def of_file(
    params: Params,
    workspace: Workspace,
    name: str,
    spec: ImportedRegions,
    *,
    progress: Any = None,
) -> dict[str, Any]:
    """Write data/features/``name``.h5; list beside it what cannot be used and what is absent.

    Raises:
        UsageError: ``name`` cannot be one or is another feature file's, or a vocabulary is given
        for a
            layout without classes.
        MissingArtefact: there is no such source.
        BadData: the source cannot be used at all.
    """
    check_name("--out", name)
    _refuse_other_feature_files(params, name)
    source = open_source(workspace.root / spec.source, ids=_below(workspace, spec.ids))
    vocabulary = _below(workspace, spec.vocabulary)
    if vocabulary is not None and not source.has_classes:
        raise UsageError(
            f"{source.path}: the layout {source.layout} has no classes to name with {vocabulary}; "
            "leave the vocabulary away"
        )
    background = spec.background and source.has_background
    names = read_class_names(vocabulary, background=background) if vocabulary is not None else ()
    absent = _absent(params, workspace, spec.dataset, source)
    path = workspace.features(name)
    skipped = import_regions(source, path, class_names=names, boxes=spec.boxes, progress=progress)
    write_parquet(
        path.with_name(f"{name}_skipped.parquet"),
        pd.DataFrame([*skipped, *absent], columns=Skipped._fields),
    )
    return {**describe(path), "skipped": len(skipped), "images without features": len(absent)}


def _refuse_other_feature_files(params: Params, name: str) -> None:
    for kind, known in {"grids": params.grids, "regions": params.regions}.items():
        if name in known:
            raise UsageError(
                f"--out {name}: is the feature file of {kind}.{name} in params.yaml; choose "
                "another name"
            )


def _absent(
    params: Params, workspace: Workspace, dataset: str | None, source: RegionSource
) -> list[Skipped]:
    """A line for every image of the data set that the source does not mention."""
    if dataset is None:
        return []
    spec = named(params.datasets, dataset, "data set", "params.yaml: datasets")
    number = spec.answers_per_question
    examples = [
        e for folder in folders(spec, workspace) for e in folder.read(answers=number).examples
    ]
    wanted = sorted({example.image_id for example in examples} - set(source.image_ids))
    reason = f"of data set {dataset} has no features in the file; fetch those of its split as well"
    return [Skipped(str(source.path), f"image_id {image_id}", reason) for image_id in wanted]


def _below(workspace: Workspace, path: Path | None) -> Path | None:
    return None if path is None else workspace.root / path
