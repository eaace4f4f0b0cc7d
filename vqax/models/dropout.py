"""Dropout whose masks are cheap enough for T Monte-Carlo passes on a CPU.

torch draws one Bernoulli number at a time there, which dominates the T passes of a head; here
four 16-bit numbers come out of one 64-bit draw, and the mask is laid over the bits of the input.
"""

from typing import Any

import torch
from jaxtyping import Float, Int16
from torch import Tensor, nn
from torch.nn import functional

from vqax.errors import UsageError

LEVELS = 2**16
BITS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


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
        kept = levels(x.shape).ge_(dropped - LEVELS // 2).neg_()  # all bits of an entry, or none
        return Masked.apply(x, kept, LEVELS / (LEVELS - dropped))

    def extra_repr(self) -> str:
        return f"rate={self.rate}"


class Masked(torch.autograd.Function):
    """``x`` where ``kept`` is -1 and zero where it is 0, times ``scale``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kept: Tensor, scale: float) -> Tensor:
        ctx.save_for_backward(kept)
        ctx.scale = scale
        return masked(x, kept).mul_(scale)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (kept,) = ctx.saved_tensors
        return Masked.apply(gradient, kept, ctx.scale), None, None


def masked(x: Float[Tensor, "..."], kept: Int16[Tensor, "..."]) -> Float[Tensor, "..."]:
    bits = BITS[x.element_size()]
    return (x.view(bits) & kept.to(bits)).view(x.dtype)


def levels(shape: torch.Size) -> Int16[Tensor, "..."]:
    """Independent uniform 16-bit integers in [-32768, 32767]."""
    count = shape.numel()
    draws = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(2**63), None)
    return draws.view(torch.int16)[:count].view(shape)
