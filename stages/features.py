"""Stage ``features``: the grid features of every picture of a data set."""

from pathlib import Path
from typing import Any

import pandas as pd

from stages.device import checked
from stages.params import Params, named
from stages.prepare import folders
from stages.workspace import Workspace
from vqax.data import Skipped
from vqax.files import write_parquet
from vqax.vision import FeatureStore, build_extractor, extract


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
    """Write data/features/``name``.h5; list unreadable pictures beside it."""
    spec = named(params.datasets, name, "data set", "params.yaml: datasets")
    settings = params.features
    extractor = build_extractor(
        settings.extractor, weights=weights or settings.weights, input_px=settings.input_px
    ).to(checked(device))
    pictures = {
        example.image_id: folder.image_path(example.image_id)
        for folder in dict.fromkeys(folders(spec, workspace))
        for example in folder.read().examples
    }
    path = workspace.features(name)
    skipped = extract(
        dict(sorted(pictures.items())), extractor, path, workers=workers, progress=progress
    )
    write_parquet(
        path.with_name(f"{name}_skipped.parquet"), pd.DataFrame(skipped, columns=Skipped._fields)
    )
    return {**describe(path), "skipped": len(skipped)}


def describe(path: Path) -> dict[str, Any]:
    """Extractor, grid, width and number of pictures of a store."""
    store = FeatureStore(path)
    return {
        "file": str(path),
        "pictures": len(store.image_ids),
        "grid": list(store.grid),
        "width": store.width,
        **{key: str(value) for key, value in store.attributes.items()},
    }
