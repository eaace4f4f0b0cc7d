"""Stage ``detector``: train a detector of regions, and measure what it finds."""

from typing import Any

import pandas as pd

from project.detections import evaluate, instances_of
from project.params import Params, named
from project.schema import Detector as Settings
from project.workspace import Workspace
from vqax.data import Skipped
from vqax.files import write_parquet
from vqax.learning.detector_training import train_detector
from vqax.learning.weights import save_model
from vqax.locks import locked
from vqax.settings import DetectorTraining
from vqax.vision.detector import DetectorSizes, build_detector
from vqax.vision.region_extractor import RegionExtractor
from vqax.vision.trained_detector import coco_detector, describe


def run(
    params: Params, workspace: Workspace, name: str, *, workers: int = 2, progress: Any = None
) -> dict[str, Any]:
    """Leave weights, what builds them, losses by epoch and metrics in data/detectors/``name``.

    A training that is stopped begins again: it takes a minute or two.

    Raises:
        MissingArtefact: a split has no COCO instances.
        BadData: another process trains this detector, or a file is damaged.
    """
    named(params.detectors, name, "detector", "params.yaml: detectors")
    with locked(workspace.lock("detectors", name)):
        return _train(params, workspace, name, workers=workers, progress=progress)


def _train(
    params: Params, workspace: Workspace, name: str, *, workers: int, progress: Any
) -> dict[str, Any]:
    spec = params.detectors[name]
    root = workspace.root / spec.root
    skipped: list[Skipped] = []
    examples = instances_of(root, spec.split, skipped)
    held_out = instances_of(root, spec.val_split, skipped)
    objects = [instance for _, instances in examples.values() for instance in instances]
    sizes = DetectorSizes(**spec.sizes.model_dump(exclude_none=True))
    detector = build_detector(
        sorted({instance.category for instance in objects}),
        sorted({attribute for instance in objects for attribute in instance.attributes}),
        sizes,
        seed=params.seed,
    )
    history = train_detector(detector, examples, _training(spec, params.seed), progress=progress)
    out = workspace.detector(name)
    origin = f"ImageNet image encoder, trained on {spec.split} of {spec.root.name}"
    extractor = RegionExtractor(name, detector, origin=origin)
    metrics = evaluate(extractor, held_out, params, workers)
    curves = history.frame()
    curves.insert(0, "run", f"detector/{name}")
    write_parquet(out / "history.parquet", curves)
    write_parquet(out / "metrics.parquet", metrics)
    write_parquet(out / "skipped.parquet", pd.DataFrame(skipped, columns=Skipped._fields))
    settings = spec.model_dump(mode="json", exclude={"sizes"})
    meta = describe(detector, sizes, "image_encoder") | {"weights": origin, "training": settings}
    save_model(out, detector, meta)
    return {
        "detector": name,
        "images": {spec.split: len(examples), spec.val_split: len(held_out)},
        "classes": len(detector.class_names),
        "attributes": len(detector.attribute_names),
        **{row.metric: row.value for row in metrics.itertuples()},
        "weights": str(out / "model.safetensors"),
    }


def fetch(params: Params, workspace: Workspace, name: str) -> dict[str, Any]:
    """Put a COCO detector of torchvision's into data/detectors/``name``."""
    spec = named(params.coco_detectors, name, "COCO detector", "params.yaml: coco_detectors")
    detector, origin = coco_detector(
        spec.network, weights=spec.weights, input_px=spec.input_px, seed=params.seed
    )
    out = workspace.detector(name)
    with locked(workspace.lock("detectors", name)):
        save_model(out, detector, describe(detector, None, spec.network) | {"weights": origin})
    return {"detector": name, "weights": origin, "classes": len(detector.class_names)}


def _training(spec: Settings, seed: int) -> DetectorTraining:
    settings = spec.model_dump(exclude={"root", "split", "val_split", "sizes"})
    return DetectorTraining(**settings, seed=seed)
