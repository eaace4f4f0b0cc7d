"""The figure of the detector: its boxes in pictures, and how many objects they reach."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from project.detections import corners, instances_of
from project.params import Params
from project.study import Measured
from project.workspace import Workspace
from vqax.data.coco import Instance
from vqax.data.pictures import load_rgb
from vqax.files import read_parquet
from vqax.metrics.detection import OVERLAP, intersection_over_union
from vqax.report.frames import DETECTION_COLUMNS, DOT_COLUMNS, Part
from vqax.vision import RegionStore

SURE = 0.5


def detections(measured: Measured, *, regions: str, pictures: int) -> list[Part]:
    """Boxes of a region store on the split that its detector was measured on, and its metrics."""
    return parts(measured.params, measured.workspace, regions, pictures)


def parts(params: Params, workspace: Workspace, name: str, pictures: int) -> list[Part]:
    """The two drawings; pictures are spaced evenly over those that the detector has not seen."""
    regions = params.regions[name]
    store = RegionStore(workspace.features(name), extractor=regions.detector)
    split = regions.splits[-1]
    held_out = instances_of(workspace.root / regions.root, split, [])
    known = sorted(held_out.keys() & set(store.image_ids.tolist()))
    chosen = [
        known[k] for k in np.linspace(0, len(known) - 1, min(pictures, len(known)), dtype=int)
    ]
    rows = [row for one in chosen for row in _rows(store, one, list(held_out[one][1]))]
    shown = {one: load_rgb(held_out[one][0]) for one in chosen}
    drawn = [Part("detections", pd.DataFrame(rows, columns=DETECTION_COLUMNS), {"pictures": shown})]
    metrics = workspace.detector(regions.detector) / "metrics.parquet"
    if metrics.exists():
        drawn.append(Part("detection_scores", read_parquet(metrics)[DOT_COLUMNS]))
    return drawn


def _rows(store: RegionStore, image_id: int, instances: list[Instance]) -> Iterator[list[Any]]:
    """The sure boxes that no surer one covers, then the objects that none of these covers."""
    boxes, scores = store.boxes([image_id])[0].astype(np.float64), store.scores([image_id])[0]
    classes, truth = store.classes([image_id])[0], corners(instances)
    kept: list[int] = []
    for k in np.argsort(-scores, kind="stable"):
        others = intersection_over_union(boxes[[k]], boxes[kept])
        if scores[k] >= SURE and others.max(initial=0.0) < OVERLAP:
            kept.append(int(k))
    ious = intersection_over_union(truth, boxes[kept])
    for column, k in enumerate(kept):
        name = store.class_names[classes[k]]
        covered = [
            i.category for i, iou in zip(instances, ious[:, column], strict=True) if iou >= OVERLAP
        ]
        yield [image_id, *boxes[k], name, float(scores[k]), name in covered]
    for instance, box, iou in zip(instances, truth, ious, strict=True):
        if iou.max(initial=0.0) < OVERLAP:
            yield [image_id, *box, instance.category, float("nan"), False]
