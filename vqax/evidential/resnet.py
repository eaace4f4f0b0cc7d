"""ResNet-18 (He et al. 2016) for images of any number of classes, with 1 or 3 channels.

EDL section 6 uses it for CIFAR-10, pretrained. torchvision's network; its 7×7 stem halves a
image of 32 pixels five times, to a single cell. ``stem`` "small" replaces it by a 3×3
convolution without stride and pooling, which leaves 4×4 cells.
"""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.evidential.classifier import Classifier, start_answers_at
from vqax.models.dropout import Dropout
from vqax.models.options import known
from vqax.vision.weights import optional

WIDTH = 512
STEMS = ("published", "small")


class ResNet18(Classifier):
    """``features`` are the cells of ``layer4``; ``classify`` averages them and ends in a layer.

    ``weights`` are those of torchvision's resnet18; its classifier is left out, and so is the
    first convolution where ``stem`` is small. For one channel the weights of the three colours
    are added, which is the published network on a grey image repeated three times.

    Raises:
        UsageError: fewer than two classes, other than 1 or 3 channels, or an unknown stem.
        MissingArtefact: torchvision is not installed.
    """

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
    ) -> None:
        super().__init__(classes, (channels, *size))
        known(STEMS, stem, "stem")
        if channels not in (1, 3):
            raise UsageError(f"channels: {channels}; ResNet-18 takes 1 (grey) or 3 (RGB)")
        network = optional("torchvision.models").resnet18(weights=None)
        if weights is not None:
            network.load_state_dict(weights)
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
        x = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))

    def classify(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b k"]:
        """Logits; in training mode with dropout, and with noise where the layer has it."""
        return self.answer(self.dropout(features.mean((2, 3))))


def _first_convolution(published: nn.Conv2d, channels: int, stem: str) -> nn.Conv2d:
    if stem == "small":
        return nn.Conv2d(channels, 64, 3, padding=1, bias=False)
    if channels == 1:
        grey = nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
        with torch.no_grad():
            grey.weight.copy_(published.weight.sum(1, keepdim=True))
        return grey
    return published
