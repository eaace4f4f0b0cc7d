"""An answer head with a hidden layer: the classifier of UpDn."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from vqax.models.head import AnswerHead
from vqax.models.weight_norm import NormedLinear


class HiddenHead(AnswerHead):
    """``combined`` -> ReLU(W₁ fused) -> dropout -> answers, both layers weight-normed.

    Dropout falls behind the hidden layer, so Monte-Carlo passes repeat that layer too, though
    it gives the same numbers each time. What the variance reads besides the logits passes by
    the hidden layer.
    """

    def __init__(self, width: int, answers: int, *, hidden: int, **options: Any) -> None:
        first = NormedLinear(width, hidden)  # drawn before a variance, whose kind must not count
        super().__init__(hidden, answers, layer=NormedLinear, **options)
        self.hidden = first

    def forward(
        self, combined: Float[Tensor, "*b c"]
    ) -> tuple[Float[Tensor, "*b a"], Float[Tensor, "*b v"] | None]:
        width = self.hidden.in_features
        hidden = self.hidden(combined[..., :width]).relu()
        beside = combined[..., width:].to(hidden.dtype)
        return super().forward(torch.cat([hidden, beside], -1) if beside.shape[-1] else hidden)
