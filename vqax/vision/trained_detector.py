"""Detectors that are ready to look: one that was trained here, or torchvision's of COCO."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vqax.errors import BadData, UsageError
from vqax.files import read_json
from vqax.vision.detector import Detector, DetectorSizes, build_detector
from vqax.vision.weights import optional, published_weights, read_weights

COCO_DETECTORS = (
    "fasterrcnn_resnet50_fpn_v2",
    "fasterrcnn_resnet50_fpn",
    "fasterrcnn_mobilenet_v3_large_fpn",
    "fasterrcnn_mobilenet_v3_large_320_fpn",
)
RANDOM = Path("random")
"""In place of a weights file: random weights, which the region file then says."""


def describe(detector: Detector, sizes: DetectorSizes | None, name: str) -> dict[str, Any]:
    """What builds the detector again, as plain values for ``model.json``."""
    return {
        "network": name,
        "sizes": None if sizes is None else asdict(sizes),
        "input_px": detector.input_px,
        "class_names": list(detector.class_names),
        "attribute_names": list(detector.attribute_names),
    }


def stored_detector(folder: Path) -> tuple[Detector, str]:
    """The detector that ``vqax regions train`` or ``fetch`` left, and where its weights are from.

    Raises:
        MissingArtefact: there is none.
        BadData: its files are cut or do not belong together.
    """
    meta = read_json(folder / "model.json")
    try:
        detector = _rebuilt(meta)
        origin = str(meta["weights"])
    except (KeyError, TypeError) as error:
        raise BadData(
            f"{folder / 'model.json'}: does not describe a detector ({error}); train or fetch it "
            "again",
            output=folder,
        ) from error
    path = folder / "model.safetensors"
    _fit(detector, read_weights(path), path, "train or fetch the detector again")
    return detector.eval(), origin


def _rebuilt(meta: Mapping[str, Any]) -> Detector:
    if meta["sizes"] is None:
        return _coco_network(meta["network"], meta["input_px"], seed=0)
    sizes: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in meta["sizes"].items()
    }
    return build_detector(
        meta["class_names"], meta["attribute_names"], DetectorSizes(**sizes), seed=0
    )


def coco_detector(
    name: str, *, weights: Path | None, input_px: int | None, seed: int
) -> tuple[Detector, str]:
    """torchvision's Faster R-CNN ``name`` of the 80 COCO classes, and where its weights are from.

    ``weights`` is a local state dict, None to download the published one, or ``RANDOM``.
    ``input_px`` is the length of the shorter side, None for torchvision's own.

    Raises:
        UsageError: no such detector.
        MissingArtefact: torchvision or the file is absent, or the download failed.
        BadData: the weights are damaged or of another network.
    """
    detector = _coco_network(name, input_px, seed)
    if weights == RANDOM:
        return (
            detector.eval(),
            f"random initialisation, seed {seed}: boxes and classes mean nothing",
        )
    published = optional("torchvision.models").get_model_weights(name).COCO_V1
    source = published.url if weights is None else weights
    state = published_weights(published) if weights is None else read_weights(weights)
    _fit(detector.faster_rcnn, state, source, "give the weights of this network")
    return detector.eval(), str(source)


def _coco_network(name: str, input_px: int | None, seed: int) -> Detector:
    if name not in COCO_DETECTORS:
        raise UsageError(f"{name}: no such detector; choose one of {', '.join(COCO_DETECTORS)}")
    models = optional("torchvision.models")
    categories: list[str] = models.get_model_weights(name).COCO_V1.meta["categories"]
    sizes = {} if input_px is None else {"min_size": input_px, "max_size": 2 * input_px}
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = models.get_model(
            name, weights=None, weights_backbone=None, num_classes=len(categories), **sizes
        )
    width = network.roi_heads.box_predictor.cls_score.in_features
    side = network.transform.min_size[0]
    return Detector(network, categories[1:], width=width, input_px=side, squared=False)


def _fit(network: nn.Module, state: Mapping[str, Tensor], source: Path | str, remedy: str) -> None:
    """Give the network its weights, all of them and no others."""
    try:
        network.load_state_dict(dict(state))
    except RuntimeError as error:
        raise BadData(
            f"{source}: the weights do not fit ({str(error).splitlines()[-1].strip()}); {remedy}"
        ) from error
