"""The figure of the detector: its boxes in images, and how many objects they reach."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from project.detections import corners, instances_of
from project.params import Params
from project.study import Measured
from project.workspace import Workspace
from vqax.data.coco import Instance
from vqax.data.images import load_rgb
from vqax.files import read_parquet
from vqax.metrics.detection import OVERLAP, intersection_over_union
from vqax.report.frames import DETECTION_COLUMNS, DOT_COLUMNS, Part
from vqax.vision import RegionFile

SURE = 0.5


def detections(measured: Measured, *, regions: str, images: int) -> list[Part]:
    """Boxes of a region file on the split that its detector was measured on, and its metrics."""
    return parts(measured.params, measured.workspace, regions, images)


def parts(params: Params, workspace: Workspace, name: str, images: int) -> list[Part]:
    """The two drawings; images are spaced evenly over those that the detector has not seen."""
    regions = params.regions[name]
    feature_file = RegionFile(workspace.features(name), extractor=regions.detector)
    split = regions.splits[-1]
    held_out = instances_of(workspace.root / regions.root, split, [])
    known = sorted(held_out.keys() & set(feature_file.image_ids.tolist()))
    chosen = [known[k] for k in np.linspace(0, len(known) - 1, min(images, len(known)), dtype=int)]
    rows = [row for one in chosen for row in _rows(feature_file, one, list(held_out[one][1]))]
    shown = {one: load_rgb(held_out[one][0]) for one in chosen}
    drawn = [Part("detections", pd.DataFrame(rows, columns=DETECTION_COLUMNS), {"images": shown})]
    metrics = workspace.detector(regions.detector) / "metrics.parquet"
    if metrics.exists():
        drawn.append(Part("detection_scores", read_parquet(metrics)[DOT_COLUMNS]))
    return drawn


def _rows(
    feature_file: RegionFile, image_id: int, instances: list[Instance]
) -> Iterator[list[Any]]:
    """The sure boxes that no surer one covers, then the objects that none of these covers."""
    boxes, scores = (
        feature_file.boxes([image_id])[0].astype(np.float64),
        feature_file.scores([image_id])[0],
    )
    classes, truth = feature_file.classes([image_id])[0], corners(instances)
    kept: list[int] = []
    for k in np.argsort(-scores, kind="stable"):
        others = intersection_over_union(boxes[[k]], boxes[kept])
        if scores[k] >= SURE and others.max(initial=0.0) < OVERLAP:
            kept.append(int(k))
    ious = intersection_over_union(truth, boxes[kept])
    for column, k in enumerate(kept):
        name = feature_file.class_names[classes[k]]
        covered = [
            i.category for i, iou in zip(instances, ious[:, column], strict=True) if iou >= OVERLAP
        ]
        yield [image_id, *boxes[k], name, float(scores[k]), name in covered]
    for instance, box, iou in zip(instances, truth, ious, strict=True):
        if iou.max(initial=0.0) < OVERLAP:
            yield [image_id, *box, instance.category, float("nan"), False]
