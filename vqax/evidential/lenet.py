"""LeNet as EDL section 6 has it: two convolutions with pooling, two dense layers, dropout between.

The paper pools 2×2; its released `lenet.py` calls max_pool with a kernel of 1, which does
nothing. ``pooling`` is 2 or 1. Where an image is looked at is the output of the second
convolution (8×8 or, as released, 20×20 cells), before ReLU and pooling.
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vqax.errors import UsageError
from vqax.evidential.classifier import Classifier, start_answers_at
from vqax.models.dropout import Dropout

KERNEL = 5
CHANNELS = (20, 50)
HIDDEN = 500


class LeNet(Classifier):
    """Convolutions of 20 and 50 channels, a hidden layer of 500.

    ``linear`` makes the dense layers: nn.Linear or ``VariationalLinear``.

    Raises:
        UsageError: fewer than two classes, a pooling below 1, or images too small for it.
    """

    def __init__(
        self,
        classes: int,
        *,
        channels: int = 1,
        size: tuple[int, int] = (28, 28),
        pooling: int = 2,
        dropout: float = 0.5,
        answer_bias: float | None = None,
        linear: Callable[[int, int], nn.Module] = nn.Linear,
    ) -> None:
        super().__init__(classes, (channels, *size))
        self.pooling = pooling
        h, w = (_cells(length, pooling) for length in size)
        self.conv1 = nn.Conv2d(channels, CHANNELS[0], KERNEL)
        self.conv2 = nn.Conv2d(*CHANNELS, KERNEL)
        self.hidden = linear(CHANNELS[1] * h * w, HIDDEN)
        self.dropout = Dropout(dropout)
        self.answer = linear(HIDDEN, classes)
        start_answers_at(self.answer, answer_bias)

    def features(self, images: Float[Tensor, "b c y x"]) -> Float[Tensor, "b d h w"]:
        """The signed output of the second convolution, the cells of Grad-CAM."""
        self.check(images)
        return self.conv2(self._pool(self.conv1(images)))

    def classify(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b k"]:
        """Logits; in training mode with dropout, and with noise where a layer has it."""
        hidden = self.hidden(self._pool(features).flatten(1))
        return self.answer(self.dropout(functional.relu(hidden)))

    def _pool(self, x: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d h2 w2"]:
        """ReLU commutes with the maximum, and on the pooled map it is cheaper."""
        return functional.relu(functional.max_pool2d(x, self.pooling) if self.pooling > 1 else x)


def _cells(length: int, pooling: int) -> int:
    """Cells along one side after both convolutions and poolings."""
    if pooling < 1:
        raise UsageError(f"pooling: {pooling}; 2 as printed, 1 for none as released")
    for _ in CHANNELS:
        length = (length - KERNEL + 1) // pooling
    if length < 1:
        raise UsageError(
            f"size: no cell is left of the image after two convolutions of {KERNEL} pixels and "
            f"pooling by {pooling}; give larger images, 28 pixels for LeNet as published"
        )
    return length
