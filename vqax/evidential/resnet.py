"""ResNet-18 (He et al. 2016) for images of any number of classes, with 1 or 3 channels.

EDL section 6 uses it for CIFAR-10, pretrained. torchvision's network; its 7×7 stem halves a
image of 32 pixels five times, to a single cell. ``stem`` "small" replaces it by a 3×3
convolution without stride and pooling, which leaves 4×4 cells.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.evidential.classifier import Classifier, start_answers_at
from vqax.models.dropout import Dropout
from vqax.models.options import known
from vqax.vision.weights import optional, read_weights, torchvision_weights

WIDTH = 512
IMAGENET = "imagenet"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of red, green and blue in ImageNet, which torchvision's weights expect to be taken off."""
STEMS = ("published", "small")


class ResNet18(Classifier):
    """``features`` are the cells of ``layer4``; ``classify`` averages them and ends in a layer.

    ``weights`` are those of torchvision's resnet18; its classifier is left out, and so is the
    first convolution where ``stem`` is small. For one channel the weights of the three colours
    are added, which is the published network on a grey image repeated three times.
    ``pretrained`` names such weights: "imagenet" for torchvision's, or a file. Images are then
    normalised as those weights expect, by the mean and the deviation of ImageNet's colours (of a
    grey image by their averages).

    Raises:
        UsageError: fewer than two classes, other than 1 or 3 channels, or an unknown stem.
        MissingArtefact: torchvision is not installed, its server cannot be reached, or there is
            no such file.
        BadData: the file holds no weights of ResNet-18.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        classes: int,
        *,
        channels: int = 3,
        size: tuple[int, int] = (32, 32),
        stem: str = "published",
        dropout: float = 0.0,
        answer_bias: float | None = None,
        linear: Callable[[int, int], nn.Module] = nn.Linear,
        weights: Mapping[str, Tensor] | None = None,
        pretrained: str | None = None,
    ) -> None:
        super().__init__(classes, (channels, *size))
        known(STEMS, stem, "stem")
        if channels not in (1, 3):
            raise UsageError(f"channels: {channels}; ResNet-18 takes 1 (grey) or 3 (RGB)")
        network = optional("torchvision.models").resnet18(weights=None)
        if pretrained is not None:
            weights = pretrained_weights(pretrained)
        if weights is not None:
            _load(network, weights, pretrained)
        mean, std = (MEAN, STD) if pretrained is not None else ((0.0,) * 3, (1.0,) * 3)
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", _per_channel(mean, channels), persistent=False)
        self.register_buffer("std", _per_channel(std, channels), persistent=False)
        self.conv1 = _first_convolution(network.conv1, channels, stem)
        self.bn1, self.relu = network.bn1, network.relu
        self.maxpool = network.maxpool if stem == "published" else nn.Identity()
        self.layer1, self.layer2 = network.layer1, network.layer2
        self.layer3, self.layer4 = network.layer3, network.layer4
        self.dropout = Dropout(dropout)
        self.answer = linear(WIDTH, classes)
        start_answers_at(self.answer, answer_bias)

    def features(self, images: Float[Tensor, "b c y x"]) -> Float[Tensor, "b d h w"]:
        """The output of ``layer4``, never negative: the cells of Grad-CAM."""
        self.check(images)
        x = (images - self.mean) / self.std
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))

    def classify(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b k"]:
        """Logits; in training mode with dropout, and with noise where the layer has it."""
        return self.answer(self.dropout(features.mean((2, 3))))


def pretrained_weights(name: str) -> dict[str, Tensor]:
    """torchvision's weights of ImageNet, or those of a file; errors as ``ResNet18``."""
    if name != IMAGENET:
        return read_weights(Path(name))
    try:
        return torchvision_weights("resnet18")
    except MissingArtefact as error:
        what, _, _ = str(error).rpartition("; ")
        raise MissingArtefact(
            f"{what or error}; fetch it elsewhere and name the file as `pretrained`"
        ) from error


def _load(network: nn.Module, weights: Mapping[str, Tensor], source: str | None) -> None:
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise BadData(
            f"{source or 'weights'}: are not those of ResNet-18 "
            f"({str(error).splitlines()[-1].strip()}); give torchvision's resnet18 of 1,000 classes"
        ) from error


def _per_channel(values: tuple[float, ...], channels: int) -> Float[Tensor, "c 1 1"]:
    """A number per channel; one channel has their average."""
    colours = torch.tensor(values)
    return (colours if channels == 3 else colours.mean().view(1))[:, None, None]


def _first_convolution(published: nn.Conv2d, channels: int, stem: str) -> nn.Conv2d:
    if stem == "small":
        return nn.Conv2d(channels, 64, 3, padding=1, bias=False)
    if channels == 1:
        grey = nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
        with torch.no_grad():
            grey.weight.copy_(published.weight.sum(1, keepdim=True))
        return grey
    return published
