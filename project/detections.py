"""How well a detector finds the objects of images it has not seen."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from project.params import Params
from vqax.data import Skipped
from vqax.data.coco import Instance, read_instances
from vqax.data.folder import VqaFolder
from vqax.data.images import load_rgb
from vqax.errors import MissingArtefact
from vqax.learning.detector_training import Example
from vqax.metrics.detection import found
from vqax.report.columns import METRIC_COLUMNS
from vqax.stats.bootstrap import bootstrap_mean
from vqax.vision.region_extractor import RegionExtractor
from vqax.vision.side_by_side import side_by_side

MEASURED = ("recall", "best_iou", "label_accuracy", "attribute_accuracy")
"""Over all true objects: is one of the boxes on it (IoU at least .5); IoU of the best box; and of
those that have one, has the surest such box the right class, and the right attribute?"""


def evaluate(
    extractor: RegionExtractor, examples: Mapping[int, Example], params: Params, workers: int
) -> pd.DataFrame:
    """The metrics of ``MEASURED``; images are resampled whole for the intervals."""
    jobs = list(examples.values())
    results = side_by_side(jobs, partial(_measure, extractor=extractor), max(1, workers))
    objects = pd.concat([part.assign(image=k) for k, part in enumerate(results)])
    rows = []
    for metric in MEASURED:
        mean = bootstrap_mean(
            objects[metric].to_numpy(np.float64),
            samples=params.score.resamples,
            seed=params.seed,
            clusters=objects["image"].to_numpy(),
        )
        name = f"detector/{extractor.name}"
        rows.append((name, metric, *mean[:3], mean.n, "fraction", "higher"))
    return pd.DataFrame(rows, columns=METRIC_COLUMNS)


def corners(instances: Sequence[Instance]) -> np.ndarray:
    """Boxes (k,4) as x1, y1, x2, y2."""
    boxes = np.array([instance.box_px for instance in instances], dtype=np.float64)
    boxes[:, 2:] += boxes[:, :2]
    return boxes


def _measure(example: Example, extractor: RegionExtractor) -> pd.DataFrame:
    """One row per object of an image; NaN where there is nothing to be right about."""
    path, instances = example
    regions = extractor(load_rgb(path), str(path))
    hits = found(regions.boxes_px.astype(np.float64), regions.scores, corners(instances))
    detector = extractor.detector
    classes = [detector.class_names[k] for k in regions.classes[hits.box]]
    with torch.inference_mode():
        attributes = detector.attributes_of(torch.from_numpy(regions.features[hits.box]))
    named = [i.category == name for i, name in zip(instances, classes, strict=True)]
    described = [
        name in i.attributes if i.attributes and name is not None else np.nan
        for i, name in zip(instances, attributes, strict=True)
    ]
    return pd.DataFrame(
        {
            "recall": hits.recalled.astype(float),
            "best_iou": hits.iou,
            "label_accuracy": np.where(hits.recalled, named, np.nan),
            "attribute_accuracy": np.where(hits.recalled, described, np.nan),
        }
    )


def instances_of(root: Path, split: str, skipped: list[Skipped]) -> dict[int, Example]:
    """Image and objects by image_id; images without objects teach a detector nothing here."""
    folder = VqaFolder(root, split)
    if folder.instances_path is None:
        raise MissingArtefact(
            f"{root / 'annotations' / f'instances_{split}.json'}: no such file; a detector is "
            "trained on COCO instances"
        )
    objects: dict[int, list[Instance]] = defaultdict(list)
    for instance in read_instances(folder.instances_path, skipped):
        objects[instance.image_id].append(instance)
    return {image_id: (folder.image_path(image_id), objects[image_id]) for image_id in objects}
