"""What heads and Grad-CAM know of a classifier of images."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vqax.errors import UsageError


class Classifier(nn.Module, ABC):
    """``forward`` is ``classify(features(images))``; dropout and noise are in ``classify`` alone.

    So Monte-Carlo passes repeat the cheap end, and Grad-CAM takes gradients at the features
    without hooks.

    Raises:
        UsageError: fewer than two classes.
    """

    def __init__(self, classes: int, input_shape: tuple[int, int, int]) -> None:
        super().__init__()
        if classes < 2:
            raise UsageError(f"classes: {classes}; a classifier chooses between at least two")
        self.classes, self.input_shape = classes, input_shape

    @abstractmethod
    def features(self, images: Float[Tensor, "b c y x"]) -> Float[Tensor, "b d h w"]:
        """The last convolution's output; raises UsageError for images of another size."""

    @abstractmethod
    def classify(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b k"]:
        """Logits."""

    def forward(self, images: Float[Tensor, "b c y x"]) -> Float[Tensor, "b k"]:
        return self.classify(self.features(images))

    def check(self, images: Float[Tensor, "b c y x"]) -> None:
        """Raise UsageError if the images are not of the shape that the model was made for."""
        if tuple(images.shape[1:]) != self.input_shape:
            raise UsageError(
                f"images of {_times(images.shape[1:])}, but {type(self).__name__} was made "
                f"for {_times(self.input_shape)} (channels, height, width); resize them or make a "
                "model of their size"
            )


def start_answers_at(layer: nn.Module, bias: float | None) -> None:
    """Set every bias of the last layer; None leaves those that were drawn.

    ReLU evidence has no gradient below 0: a class whose logit starts negative for every image
    is never learned. A bias of 1 lets every class begin with evidence.
    """
    if bias is not None:
        with torch.no_grad():
            layer.bias.fill_(bias)  # type: ignore[operator]


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(str(length) for length in shape)
