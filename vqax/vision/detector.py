"""Faster R-CNN on the EfficientNet-Lite0 image encoder, small enough to be trained on a laptop.

Ren, He, Girshick and Sun, https://arxiv.org/abs/1506.01497, from torchvision's parts. The head of
attributes (colours) is that of bottom-up attention, https://arxiv.org/abs/1707.07998: without it
the feature of a box need not hold its colour. Images are squeezed to a square as for grids
(``vqax.vision.resize``).
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.vision.grid import LITE, build_extractor
from vqax.vision.weights import optional

FROZEN_BLOCKS = 5
"""Stem and blocks that keep their ImageNet weights: to stride 8, 40 channels."""
FINE_CHANNELS, COARSE_CHANNELS = 40, 112
PADDED_TO = 32
"""torchvision pads images to multiples of this; a square that needs none keeps its grid."""
ANCHORS_PER_IMAGE, BOXES_PER_IMAGE = 64, 48
"""Of how many anchors and boxes the losses are taken."""


@dataclass(frozen=True, slots=True)
class DetectorSizes:
    """How large a detector is; anchors in pixels of the squared image, ``width`` d.

    It is trained on ``proposals`` of the first stage and looks at twice as many, so that there are
    enough distinct boxes.
    """

    input_px: int = 224
    channels: int = 96
    pool: int = 5
    width: int = 192
    anchors_px: tuple[int, ...] = (48, 64)
    ratios: tuple[float, ...] = (0.7, 1.0, 1.4)
    proposals: int = 100


class BackbonePyramid(nn.Module):
    """Stride-16 features, spread to stride 8 and joined with what the image encoder saw there.

    The first blocks stay frozen; batch normalisation is folded away in all of them.
    """

    def __init__(self, image_encoder: nn.Sequential, channels: int) -> None:
        super().__init__()
        stem, blocks = image_encoder[:-1], image_encoder[-1]
        assert isinstance(blocks, nn.Sequential)
        self.frozen = nn.Sequential(*stem, *blocks[:FROZEN_BLOCKS]).requires_grad_(False)
        self.tuned = nn.Sequential(*blocks[FROZEN_BLOCKS:]).requires_grad_(True)
        self.fine = nn.Conv2d(FINE_CHANNELS, channels, 1)
        self.coarse = nn.Conv2d(COARSE_CHANNELS, channels, 1)
        self.out_channels = channels

    def forward(self, pixels: Float[Tensor, "b 3 h w"]) -> dict[str, Tensor]:
        with torch.no_grad():
            fine = self.frozen(pixels.contiguous(memory_format=torch.channels_last))
        coarse = self.coarse(self.tuned(fine))
        spread = nn.functional.interpolate(coarse, size=fine.shape[-2:], mode="nearest")
        return OrderedDict(cells=nn.functional.relu(self.fine(fine) + spread).float())


class BoxHead(nn.Module):
    """The pooled cells of a box to its feature: what a region file keeps, never negative."""

    def __init__(self, channels: int, pool: int, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(channels * pool * pool, width)
        self.second = nn.Linear(width, width)

    def forward(self, pooled: Float[Tensor, "k c h w"]) -> Float[Tensor, "k d"]:
        hidden = nn.functional.relu(self.first(pooled.flatten(1)))
        return nn.functional.relu(self.second(hidden))


class Detector(nn.Module):
    """A Faster R-CNN with the names of what it finds.

    ``faster_rcnn`` is torchvision's, its class 0 background, which ``class_names`` leaves out.
    ``attribute`` maps the feature of a box to logits of ``attribute_names``; None without names.
    It takes images ``squared`` to ``input_px``, or else of any shape, and brings their shorter
    side to ``input_px`` by itself.
    """

    def __init__(
        self,
        faster_rcnn: nn.Module,
        class_names: Sequence[str],
        attribute_names: Sequence[str] = (),
        *,
        width: int,
        input_px: int,
        squared: bool = True,
    ) -> None:
        super().__init__()
        self.faster_rcnn = faster_rcnn
        self.class_names, self.attribute_names = tuple(class_names), tuple(attribute_names)
        self.width, self.input_px, self.squared = width, input_px, squared
        self.attribute = nn.Linear(width, len(attribute_names)) if attribute_names else None

    def attributes_of(self, features: Float[Tensor, "k d"]) -> list[str | None]:
        """The most probable attribute of every box; None from a detector that knows none."""
        if self.attribute is None:
            return [None] * len(features)
        return [self.attribute_names[k] for k in self.attribute(features).argmax(dim=1).tolist()]


def build_detector(
    class_names: Sequence[str],
    attribute_names: Sequence[str],
    sizes: DetectorSizes,
    *,
    seed: int,
    image_encoder_weights: Path | None = None,
) -> Detector:
    """An untrained detector on the ImageNet weights of the image encoder, or those of a local file.

    Raises:
        UsageError: ``input_px`` is not a multiple of 32, or there are no classes.
        MissingArtefact: torchvision, the weights' package or the weights file is absent.
        BadData: the weights are damaged or of another network.
    """
    if sizes.input_px < PADDED_TO or sizes.input_px % PADDED_TO:
        raise UsageError(
            f"input_px {sizes.input_px} of a detector is not a multiple of {PADDED_TO}; choose "
            f"{max(1, round(sizes.input_px / PADDED_TO)) * PADDED_TO}"
        )
    if not class_names:
        raise UsageError("a detector needs at least one class; name the objects of the images")
    image_encoder = build_extractor(
        "efficientnet_lite0", weights=image_encoder_weights, input_px=sizes.input_px
    ).image_encoder
    assert isinstance(image_encoder, nn.Sequential)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        faster_rcnn = _faster_rcnn(
            BackbonePyramid(image_encoder, sizes.channels), len(class_names), sizes
        )
        return Detector(
            faster_rcnn, class_names, attribute_names, width=sizes.width, input_px=sizes.input_px
        )


def _faster_rcnn(backbone: nn.Module, classes: int, sizes: DetectorSizes) -> nn.Module:
    of_detection = "torchvision.models.detection"
    parts = optional(f"{of_detection}.faster_rcnn")
    mean, deviation = ([value / 255 for value in part] for part in LITE)
    model: nn.Module = parts.FasterRCNN(
        backbone,
        min_size=sizes.input_px,
        max_size=sizes.input_px,
        image_mean=mean,
        image_std=deviation,
        rpn_anchor_generator=optional(f"{of_detection}.anchor_utils").AnchorGenerator(
            sizes=(sizes.anchors_px,), aspect_ratios=(sizes.ratios,)
        ),
        rpn_pre_nms_top_n_train=4 * sizes.proposals,
        rpn_pre_nms_top_n_test=8 * sizes.proposals,
        rpn_post_nms_top_n_train=sizes.proposals,
        rpn_post_nms_top_n_test=2 * sizes.proposals,
        rpn_batch_size_per_image=ANCHORS_PER_IMAGE,
        box_roi_pool=optional("torchvision.ops").MultiScaleRoIAlign(["cells"], sizes.pool, 2),
        box_head=BoxHead(sizes.channels, sizes.pool, sizes.width),
        box_predictor=parts.FastRCNNPredictor(sizes.width, classes + 1),
        box_batch_size_per_image=BOXES_PER_IMAGE,
        box_positive_fraction=0.5,
    )
    return model
