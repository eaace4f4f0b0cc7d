"""What a Faster R-CNN is trained on: proposals, classes, boxes, and attributes of the boxes."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.data.coco import Instance
from vqax.vision.detector import Detector
from vqax.vision.weights import optional

NO_ATTRIBUTE = -1

Target = Mapping[str, Tensor]
"""``boxes`` (k,4) x1, y1, x2, y2 in pixels, ``labels`` (k) from 1, ``attributes`` (k) from 0."""


def detection_losses(
    detector: Detector, batch: Sequence[Float[Tensor, "3 _h _w"]], targets: Sequence[Target]
) -> dict[str, Float[Tensor, ""]]:
    """The four losses of torchvision's Faster R-CNN, and cross-entropy of the attributes.

    ``batch`` in 0..1. torchvision draws the anchors and boxes that count from torch's default
    generator: seed it to repeat them.
    """
    model: Any = detector.faster_rcnn
    images, scaled = model.transform(list(batch), [dict(target) for target in targets])
    features = model.backbone(images.tensors)
    proposals, of_proposals = model.rpn(images, features, scaled)
    heads = model.roi_heads
    boxes, matched, labels, shifts = heads.select_training_samples(proposals, scaled)
    hidden = heads.box_head(heads.box_roi_pool(features, boxes, images.image_sizes))
    of_heads = optional("torchvision.models.detection.roi_heads")
    classes, corners = of_heads.fastrcnn_loss(*heads.box_predictor(hidden), labels, shifts)
    losses = {
        "objectness": of_proposals["loss_objectness"],
        "proposals": of_proposals["loss_rpn_box_reg"],
        "classes": classes,
        "boxes": corners,
    }
    if detector.attribute is not None:
        wanted = [
            target["attributes"][index] for target, index in zip(scaled, matched, strict=True)
        ]
        known = torch.cat(wanted).where(torch.cat(labels) > 0, NO_ATTRIBUTE)
        losses["attributes"] = _mean_over_known(detector.attribute(hidden), known)
    return losses


def target(
    instances: Sequence[Instance],
    detector: Detector,
    scale: tuple[float, float],
) -> Target:
    """What is to be found in an image; ``scale`` (x, y) takes its pixels to the detector's.

    The first attribute that the detector knows counts.
    """
    names = detector.class_names
    x, y, w, h = torch.tensor([i.box_px for i in instances], dtype=torch.float32).view(-1, 4).T
    by_axis = torch.tensor([*scale, *scale])
    return {
        "boxes": torch.stack([x, y, x + w, y + h], dim=1) * by_axis,
        "labels": torch.tensor([names.index(i.category) + 1 for i in instances], dtype=torch.int64),
        "attributes": torch.tensor([_attribute(i, detector) for i in instances]),
    }


def _attribute(instance: Instance, detector: Detector) -> int:
    names = detector.attribute_names
    known = [names.index(name) for name in instance.attributes if name in names]
    return known[0] if known else NO_ATTRIBUTE


def _mean_over_known(logits: Float[Tensor, "k a"], wanted: Int[Tensor, "k"]) -> Float[Tensor, ""]:
    """Cross-entropy over the boxes with an attribute; 0, not NaN, if there are none."""
    total = nn.functional.cross_entropy(logits, wanted, ignore_index=NO_ATTRIBUTE, reduction="sum")
    return total / (wanted != NO_ATTRIBUTE).sum().clamp(min=1)
