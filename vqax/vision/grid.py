"""Images to a grid of features: one frozen network, one convention, one hash.

A cell (i,j) stands for the pixels [stride·i, stride·(i+1)) × [stride·j, stride·(j+1)) of the
squared image; the l = h·w cells come row by row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor, nn

from vqax.errors import BadData, UsageError
from vqax.vision import image_encoders
from vqax.vision.resize import CONVENTION, preprocess
from vqax.vision.weights import lite0_weights, read_weights, torchvision_weights, weight_hash

IMAGENET = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
LITE = ((127.0, 127.0, 127.0), (128.0, 128.0, 128.0))
"""What EfficientNet-Lite was trained with; its README says ImageNet's, the running statistics of
its first normalisation say otherwise (the variance of real photographs fits within 13 %, with
ImageNet's numbers it is four times too large)."""


@dataclass(frozen=True, slots=True)
class GridSpec:
    """A kind of extractor: pixels per cell, width d, colour normalisation in 0..255, and its parts.

    ``image_encoder(input_px)`` builds the network, ``published()`` gets its ImageNet weights.
    """

    stride: int
    width: int
    colours: tuple[tuple[float, float, float], tuple[float, float, float]]
    image_encoder: Callable[[int], nn.Sequential]
    published: Callable[[], Mapping[str, Tensor]]


def _torchvision(
    name: str, family: Callable[[str], nn.Sequential], stride: int, width: int
) -> GridSpec:
    return GridSpec(
        stride, width, IMAGENET, lambda _input_px: family(name), partial(torchvision_weights, name)
    )


GRIDS: dict[str, GridSpec] = {
    "efficientnet_lite0": GridSpec(16, 112, LITE, image_encoders.lite0, lite0_weights),
    "vgg16": _torchvision("vgg16", image_encoders.vgg, 16, 512),
    "vgg19": _torchvision("vgg19", image_encoders.vgg, 16, 512),
    "resnet18": _torchvision("resnet18", image_encoders.resnet, 32, 512),
    "resnet50": _torchvision("resnet50", image_encoders.resnet, 32, 2048),
    "resnet101": _torchvision("resnet101", image_encoders.resnet, 32, 2048),
    "resnet152": _torchvision("resnet152", image_encoders.resnet, 32, 2048),
}


class GridExtractor(nn.Module):
    """A frozen network from images to cells; always in evaluation mode.

    ``grid`` is (h,w), ``width`` d; ``attributes`` is what a feature file keeps about it.
    Gradients reach the pixels if these are given as float.
    """

    def __init__(
        self,
        name: str,
        spec: GridSpec,
        image_encoder: nn.Module,
        *,
        input_px: int,
        weight_hash: str,
    ) -> None:
        super().__init__()
        self.name, self.input_px, self.weight_hash = name, input_px, weight_hash
        self.grid = (input_px // spec.stride, input_px // spec.stride)
        self.width, self.convention = spec.width, CONVENTION
        self.image_encoder = image_encoder.requires_grad_(False).to(
            memory_format=torch.channels_last
        )
        mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in spec.colours)
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", mean)
        self.register_buffer("scale", 1.0 / deviation)
        self.eval()

    @property
    def attributes(self) -> dict[str, str | int]:
        return {
            "extractor": self.name,
            "weight_hash": self.weight_hash,
            "input_px": self.input_px,
            "convention": self.convention,
        }

    def train(self, mode: bool = True) -> "GridExtractor":  # noqa: ARG002
        """Stay frozen, whatever a surrounding model is set to."""
        return super().train(False)

    def forward(
        self,
        images: UInt8[Tensor, "b 3 h w"] | Float[Tensor, "b 3 h w"] | Sequence[Image.Image],
    ) -> Float[Tensor, "b l d"]:
        """Features of images of ``input_px`` in 0..255, or of PIL images of any size.

        Raises:
            UsageError: a tensor of images has another size than ``input_px``.
        """
        if not isinstance(images, Tensor):
            images = torch.stack([preprocess(image, self.input_px) for image in images])
        if images.shape[-2:] != (self.input_px, self.input_px):
            raise UsageError(
                f"images are {tuple(images.shape[-2:])} px, {self.name} was built for "
                f"{self.input_px}; use vqax.vision.preprocess or build it with another input_px"
            )
        pixels = images.to(self.mean.device).float()
        normal = ((pixels - self.mean) * self.scale).contiguous(memory_format=torch.channels_last)
        cells: Tensor = self.image_encoder(normal)
        return cells.permute(0, 2, 3, 1).flatten(1, 2)


def build_extractor(
    name: str, *, weights: Path | None = None, input_px: int = 224
) -> GridExtractor:
    """The extractor ``name`` of ``GRIDS`` with its ImageNet weights, or those of a local file.

    ``weight_hash`` covers the weights in use, before batch normalisation is folded away.

    Raises:
        UsageError: unknown name, or ``input_px`` is not a multiple of the stride.
        MissingArtefact: a package or the weights file is absent, or the download failed.
        BadData: the weights are damaged or of another network.
    """
    if name not in GRIDS:
        raise UsageError(f"{name}: no such extractor; choose one of {', '.join(GRIDS)}")
    spec = GRIDS[name]
    if input_px < spec.stride or input_px % spec.stride:
        raise UsageError(
            f"input_px {input_px} of {name} is not a multiple of its stride {spec.stride}; "
            f"choose {max(1, round(input_px / spec.stride)) * spec.stride}"
        )
    with torch.device("meta"):  # no memory for a head that is not used, no global randomness
        image_encoder = spec.image_encoder(input_px).eval()
    state = spec.published() if weights is None else read_weights(weights)
    digits = weight_hash(_fit(state, image_encoder, str(weights or name)))
    image_encoders.fold(image_encoder)
    return GridExtractor(name, spec, image_encoder, input_px=input_px, weight_hash=digits)


def _fit(state: Mapping[str, Tensor], image_encoder: nn.Module, source: str) -> dict[str, Tensor]:
    """Give the encoder its weights and return them; those of a classifier are not looked at."""
    wanted = [key for key in image_encoder.state_dict() if not key.endswith("num_batches_tracked")]
    absent = [key for key in wanted if key not in state]
    if absent:
        raise BadData(
            f"{source}: {len(absent)} of {len(wanted)} tensors are absent, the first is "
            f"{absent[0]}; give the weights of this network"
        )
    used = {key: state[key].float() for key in wanted}
    try:
        image_encoder.load_state_dict(used, strict=False, assign=True)
    except RuntimeError as error:
        raise BadData(
            f"{source}: the weights do not fit ({str(error).splitlines()[-1].strip()}); "
            "give the weights of this network"
        ) from error
    return used
