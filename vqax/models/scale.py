"""Normalisations shared by the models, each finite in value and gradient at zero."""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

TINY = 1e-30
FLATTEST = 1e-4


def full_precision(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """``x`` in at least 32 bits: bf16 becomes fp32, fp64 stays."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def unit(x: Float[Tensor, "*b d"], eps: float = 1e-6) -> Float[Tensor, "*b d"]:
    """x / sqrt(|x|² + eps²): unit length over the last axis, zero for a zero vector."""
    x = full_precision(x)
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + eps * eps)


def spread(x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
    """√d x: what has unit length gets a mean square of 1.

    The next layer absorbs the factor, but its initialisation counts on inputs of that scale. At
    unit length LSTM Q+I does not leave its prior in the few hundred steps of a short training.
    """
    return x * math.sqrt(x.shape[-1])


class UnitSignedSqrt(torch.autograd.Function):
    """Both steps in few passes over memory, which is what they cost in an MCB step."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        scale = full_precision(x).abs()
        scale.mul_(scale.sum(-1, keepdim=True))
        y = (scale.clamp_min_(TINY).rsqrt_() * x).to(x.dtype)
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        x, y = ctx.saved_tensors
        along = (gradient * y).sum(-1, keepdim=True)
        length = x.abs().sum(-1, keepdim=True)
        slope = (y.abs() * (2 * length)).clamp_min(FLATTEST)
        return torch.addcmul(gradient, y, -along) / slope


def unit_signed_sqrt(x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
    """z / |z| with z = sign(x) sqrt(|x|), over the last axis (MCB, section 3.1).

    |z|² = Σ|x|, so y = x / sqrt(|x| Σ|x|) and dL/dx = (g - y (y·g)) / (2 |y| Σ|x|). The slope of
    the root is infinite at zero: the denominator is kept above ``FLATTEST``. Zero stays zero.
    """
    return UnitSignedSqrt.apply(x)
