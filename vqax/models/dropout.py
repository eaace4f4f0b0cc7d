"""Dropout whose masks are cheap enough for T Monte-Carlo passes on a CPU.

torch draws one Bernoulli number at a time there, which dominates the T passes of a head; here
four 16-bit numbers come out of one 64-bit draw.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vqax.errors import UsageError

LEVELS = 2**16


class Dropout(nn.Module):
    """Zeroes an entry with probability ``rate``, to 1/65536, and scales the others up.

    As nn.Dropout it acts in training mode only and draws from torch's global generator.

    Raises:
        UsageError: ``rate`` is outside [0, 1).
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0.0 <= rate < 1.0:
            raise UsageError(f"dropout: {rate} is outside [0, 1); choose a share such as 0.1")
        self.rate = rate

    def forward(self, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        if not self.training or self.rate == 0.0:
            return x
        if x.device.type != "cpu":
            return functional.dropout(x, self.rate)
        dropped = min(round(self.rate * LEVELS), LEVELS - 1)
        kept = levels(x.shape) >= dropped - LEVELS // 2
        return x * (kept * (LEVELS / (LEVELS - dropped))).to(x.dtype)

    def extra_repr(self) -> str:
        return f"rate={self.rate}"


def levels(shape: torch.Size) -> Tensor:
    """Independent uniform 16-bit integers in [-32768, 32767]."""
    count = shape.numel()
    draws = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(2**63), None)
    return draws.view(torch.int16)[:count].view(shape)
