"""UpDn beside the prior of its question type: the learned mixin of LMH.

Clark, Yatskar and Zettlemoyer 2019, section 3.2: the model learns what the prior b of an answer
does not explain already. How far the prior counts is the model's own choice, g = softplus(u ·
combined); what counts is softened by a learnt constant, σ(s). Both are needed by the loss alone:
a trained model answers with its plain logits.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vqax.models.scale import full_precision
from vqax.models.updn import UpDn


class LearnedMixin(nn.Module):
    """``combined`` and the prior b of every answer to log-odds g (log(b + σ(s)) - log(1-b + σ(s))).

    ``entropy_weight`` is the weight of the entropy of those odds in the loss, which keeps g from
    going to zero. s starts at -1.
    """

    def __init__(self, width: int, entropy_weight: float) -> None:
        super().__init__()
        self.gate = nn.Linear(width, 1)
        self.smoothing = nn.Parameter(torch.tensor(-1.0))
        self.entropy_weight = entropy_weight

    def forward(
        self, combined: Float[Tensor, "b c"], bias: Float[Tensor, "b a"]
    ) -> Float[Tensor, "b a"]:
        fused = combined[..., : self.gate.in_features]
        strength = functional.softplus(full_precision(self.gate(fused)))
        soft = full_precision(self.smoothing).sigmoid()
        return strength * ((bias + soft).log() - (1 - bias + soft).log())


class Lmh(UpDn):
    """UpDn with a ``mixin``, for the loss ``lmh``."""

    def __init__(self, *, hidden: int = 1024, entropy_weight: float = 0.36, **options: Any) -> None:
        super().__init__(hidden=hidden, **options)
        self.mixin = LearnedMixin(hidden, entropy_weight)
