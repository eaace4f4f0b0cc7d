"""Stage ``features``: the grid features of every image of a folder."""

from pathlib import Path
from typing import Any

import pandas as pd

from project.device import checked
from project.feature_files import grid_extractor
from project.params import Params, named
from project.schema import Grid
from project.workspace import Workspace
from vqax.data import Skipped, VqaFolder
from vqax.data.image_files import image_files
from vqax.files import write_parquet
from vqax.vision import FeatureFile, extract


def run(
    params: Params,
    workspace: Workspace,
    name: str,
    *,
    weights: Path | None = None,
    device: str = "cpu",
    workers: int = 2,
    progress: Any = None,
) -> dict[str, Any]:
    """Write data/features/``name``.h5; list unreadable images beside it."""
    settings: Grid = named(params.grids, name, "feature file", "params.yaml: grids")
    if weights is not None:
        settings = settings.model_copy(update={"weights": weights})
    extractor = grid_extractor(settings).to(checked(device))
    root = workspace.root / settings.root
    elsewhere = None if settings.images is None else workspace.root / settings.images
    images = image_files(VqaFolder(root, split, elsewhere) for split in settings.splits)
    path = workspace.features(name)
    skipped = extract(
        dict(sorted(images.items())), extractor, path, workers=workers, progress=progress
    )
    write_parquet(
        path.with_name(f"{name}_skipped.parquet"), pd.DataFrame(skipped, columns=Skipped._fields)
    )
    return {**describe(path), "skipped": len(skipped)}


def describe(path: Path) -> dict[str, Any]:
    """Extractor, grid, width and number of images of a feature file."""
    feature_file = FeatureFile(path)
    return {
        "file": str(path),
        "images": len(feature_file.image_ids),
        "grid": list(feature_file.grid),
        "width": feature_file.width,
        **{key: str(value) for key, value in feature_file.attributes.items()},
    }
