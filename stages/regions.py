"""Stage ``regions``: the boxes of every image of a data set, with feature, class and score."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from project.params import Params, named
from project.schema import Regions
from project.workspace import Workspace
from vqax.data import Skipped
from vqax.data.folder import VqaFolder
from vqax.data.image_files import image_files
from vqax.files import write_parquet
from vqax.vision.extract_regions import extract_regions
from vqax.vision.region_extractor import RegionExtractor
from vqax.vision.region_file import RegionFile
from vqax.vision.trained_detector import stored_detector


def run(
    params: Params, workspace: Workspace, name: str, *, workers: int = 2, progress: Any = None
) -> dict[str, Any]:
    """Write data/features/``name``.h5; list the images left out beside it."""
    spec = named(params.regions, name, "region file", "params.yaml: regions")
    extractor = region_extractor(workspace, spec)
    path = workspace.features(name)
    skipped = extract_regions(
        images_of(spec, workspace), extractor, path, workers=workers, progress=progress
    )
    write_parquet(
        path.with_name(f"{name}_skipped.parquet"), pd.DataFrame(skipped, columns=Skipped._fields)
    )
    return {**describe(path), "skipped": len(skipped)}


def region_extractor(workspace: Workspace, spec: Regions) -> RegionExtractor:
    """The detector of a feature file of regions, to be shown images."""
    detector, origin = stored_detector(workspace.detector(spec.detector))
    return RegionExtractor(spec.detector, detector, origin=origin, boxes=spec.boxes)


def images_of(spec: Regions, workspace: Workspace) -> dict[int, Path]:
    """Every image of the splits that a question asks about, by image_id."""
    images = None if spec.images is None else workspace.root / spec.images
    return image_files(VqaFolder(workspace.root / spec.root, s, images) for s in spec.splits)


def describe(path: Path) -> dict[str, Any]:
    """Detector, boxes, width, classes and scores of a region file."""
    feature_file = RegionFile(path)
    scores = feature_file.scores(feature_file.image_ids)
    return {
        "file": str(path),
        "images": len(feature_file.image_ids),
        "boxes per image": feature_file.boxes_per_image,
        "width": feature_file.width,
        "classes": len(feature_file.class_names),
        "boxes with score .5 or more, per image": float(np.mean((scores >= 0.5).sum(axis=1))),
        **{key: str(value) for key, value in feature_file.attributes.items()},
    }
