"""Images to regions by a Faster R-CNN: boxes, then the feature, class and score of each box."""

import json
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from vqax.data.images import as_rgb
from vqax.vision.detector import Detector
from vqax.vision.pick import pick
from vqax.vision.regions import BOXES, Regions
from vqax.vision.resize import CONVENTION, preprocess
from vqax.vision.weights import weight_hash

OWN_CONVENTION = "whole image, aspect ratio kept, shorter side to input_px, no crop"


class _Look(NamedTuple):
    """What the heads say of boxes (k): of each the best class, not background, and its box."""

    features: Tensor
    boxes: Tensor
    classes: Tensor
    scores: Tensor


class RegionExtractor(nn.Module):
    """A frozen detector from an image to its ``boxes`` regions; always in evaluation mode.

    The boxes are the detector's own, also those it would not report: of every proposal its best
    class and that class's box, then ``pick``. Feature, class and score are taken of that final
    box, so that they belong together. ``origin`` says where the weights are from.
    """

    def __init__(self, name: str, detector: Detector, *, origin: str, boxes: int = BOXES) -> None:
        super().__init__()
        self.name, self.origin, self.boxes = name, origin, boxes
        self.detector = detector.requires_grad_(False)
        self.width, self.grid = detector.width, (1, boxes)
        self.weight_hash = weight_hash(detector.state_dict())
        self.eval()

    @property
    def attributes(self) -> dict[str, str | int]:
        return {
            "extractor": self.name,
            "weight_hash": self.weight_hash,
            "weights": self.origin,
            "input_px": self.detector.input_px,
            "convention": CONVENTION if self.detector.squared else OWN_CONVENTION,
            "class_names": json.dumps(self.detector.class_names),
        }

    def train(self, mode: bool = True) -> "RegionExtractor":  # noqa: ARG002
        """Stay frozen, whatever a surrounding model is set to."""
        return super().train(False)

    @torch.inference_mode()
    def forward(self, image: Image.Image, name: str) -> Regions:
        """The regions of an image, boxes in its own pixels; ``name`` is for errors.

        Raises:
            BadData: the image yields fewer than ``boxes`` distinct boxes.
        """
        model: Any = self.detector.faster_rcnn
        images, _ = model.transform([self._pixels(image)])
        features = model.backbone(images.tensors)
        proposals, _ = model.rpn(images, features)
        (seen,) = images.image_sizes
        first = self._look(features, proposals[0], seen)
        boxes = first.boxes[pick(first.boxes, first.scores, self.boxes, name)]
        second = self._look(features, boxes, seen)
        height, width = seen
        own = torch.tensor([image.width / width, image.height / height] * 2)
        return Regions(
            features=second.features.float().numpy(),
            boxes_px=(boxes * own).numpy(),
            classes=second.classes.numpy(),
            scores=second.scores.numpy(),
            size_px=image.size,
        )

    def _pixels(self, image: Image.Image) -> Float[Tensor, "3 h w"]:
        if self.detector.squared:
            return preprocess(image, self.detector.input_px).float() / 255
        return torch.from_numpy(np.array(as_rgb(image))).permute(2, 0, 1).float() / 255

    def _look(
        self, features: dict[str, Tensor], boxes: Float[Tensor, "k 4"], seen: tuple[int, int]
    ) -> _Look:
        heads: Any = self.detector.faster_rcnn.roi_heads
        hidden = heads.box_head(heads.box_roi_pool(features, [boxes], [seen]))
        logits, shifts = heads.box_predictor(hidden)
        scores, classes = logits.float().softmax(dim=-1)[:, 1:].max(dim=-1)
        moved = heads.box_coder.decode(shifts.float(), [boxes])
        height, width = seen
        within = moved[torch.arange(len(classes)), classes + 1].clamp(min=0)
        limits = torch.tensor([width, height, width, height])
        return _Look(hidden, within.minimum(limits), classes, scores)
