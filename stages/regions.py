"""Stage ``regions``: the boxes of every picture of a data set, with feature, class and score."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.params import Params, named
from stages.sections import Regions
from stages.workspace import Workspace
from vqax.data import Skipped
from vqax.data.folder import VqaFolder
from vqax.data.image_files import image_files
from vqax.files import write_parquet
from vqax.vision.extract_regions import extract_regions
from vqax.vision.region_extractor import RegionExtractor
from vqax.vision.region_store import RegionStore
from vqax.vision.trained_detector import stored_detector


def run(
    params: Params, workspace: Workspace, name: str, *, workers: int = 2, progress: Any = None
) -> dict[str, Any]:
    """Write data/features/``name``.h5; list the pictures left out beside it."""
    spec = named(params.regions, name, "region store", "params.yaml: regions")
    extractor = region_extractor(workspace, spec)
    path = workspace.features(name)
    skipped = extract_regions(
        pictures_of(spec, workspace), extractor, path, workers=workers, progress=progress
    )
    write_parquet(
        path.with_name(f"{name}_skipped.parquet"), pd.DataFrame(skipped, columns=Skipped._fields)
    )
    return {**describe(path), "skipped": len(skipped)}


def region_extractor(workspace: Workspace, spec: Regions) -> RegionExtractor:
    """The detector of a store of regions, to be shown pictures."""
    detector, origin = stored_detector(workspace.detector(spec.detector))
    return RegionExtractor(spec.detector, detector, origin=origin, boxes=spec.boxes)


def pictures_of(spec: Regions, workspace: Workspace) -> dict[int, Path]:
    """Every picture of the splits that a question asks about, by image_id."""
    return image_files(VqaFolder(workspace.root / spec.root, split) for split in spec.splits)


def describe(path: Path) -> dict[str, Any]:
    """Detector, boxes, width, classes and scores of a region store."""
    store = RegionStore(path)
    scores = store.scores(store.image_ids)
    return {
        "file": str(path),
        "pictures": len(store.image_ids),
        "boxes per picture": store.boxes_per_picture,
        "width": store.width,
        "classes": len(store.class_names),
        "boxes with score .5 or more, per picture": float(np.mean((scores >= 0.5).sum(axis=1))),
        **{key: str(value) for key, value in store.attributes.items()},
    }
