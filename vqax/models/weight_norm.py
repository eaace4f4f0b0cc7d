"""A linear layer whose weight is a direction times one learnt length.

Salimans and Kingma 2016, equation 2, with one gain for the whole layer as in the public UpDn
code: W = gain · V / ‖V‖.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vqax.models.scale import full_precision


class NormedLinear(nn.Linear):
    """x W' + bias with W = gain V / ‖V‖_F; ``weight`` is V, ``gain`` a scalar that starts at ‖V‖.

    So an untrained layer is the plain one of the same seed.
    """

    def __init__(self, width: int, out: int) -> None:
        super().__init__(width, out)
        self.gain = nn.Parameter(self.weight.detach().norm())

    def forward(self, x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b o"]:
        scale = self.gain / torch.linalg.vector_norm(full_precision(self.weight))
        return functional.linear(x, self.weight * scale, self.bias)
