"""Normalisations shared by the models, each finite in value and gradient at zero."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

TINY = 1e-30
FLATTEST = 1e-4
CACHED = 2**18  # numbers; 1 MB of 32 bits


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


def matmul_dtype(x: Float[Tensor, "..."]) -> torch.dtype:
    """What a matrix product of ``x`` runs in: the precision of autocast, or its own."""
    device = x.device.type
    if x.dtype == torch.float64 or not torch.is_autocast_enabled(device):
        return x.dtype
    return torch.get_autocast_dtype(device)


class UnitSignedSqrt(torch.autograd.Function):
    """``length`` times the unit signed root, a few rows at a time.

    Those rows stay in the cache of a core from the first of some ten operations to the last,
    which halves what the function costs in an MCB step.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, length: float) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        y, total = torch.empty_like(flat), full_precision(flat.new_empty(len(flat), 1))
        for rows in portions(flat):
            wide = full_precision(flat[rows])
            size = wide.abs()
            total[rows] = size.sum(-1, keepdim=True)
            size.mul_(total[rows] / length**2)
            y[rows] = size.clamp_min_(TINY).pow_(-0.5).mul_(wide)  # rsqrt_ takes twice as long
        ctx.save_for_backward(y, total)
        ctx.length = length
        return y.view(x.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (y, total), squared = ctx.saved_tensors, ctx.length**2
        flat, result = gradient.reshape(y.shape), torch.empty_like(y)
        for rows in portions(y):
            wide, arriving = full_precision(y[rows]), full_precision(flat[rows])
            along = (arriving * wide).sum(-1, keepdim=True).div_(squared)
            slope = wide.abs().mul_(2 / squared * total[rows]).clamp_min_(FLATTEST / ctx.length)
            result[rows] = (wide * along).sub_(arriving).div_(slope.neg_())
        return result.view(gradient.shape), None


def portions(x: Float[Tensor, "n d"]) -> Iterator[slice]:
    """Rows of ``x`` that stay in the cache of a core together; all of them on other devices."""
    n, d = x.shape
    rows = max(1, CACHED // max(1, d)) if x.device.type == "cpu" else max(1, n)
    return (slice(start, start + rows) for start in range(0, n, rows))


def unit_signed_sqrt(x: Float[Tensor, "*b d"], length: float = 1.0) -> Float[Tensor, "*b d"]:
    """length z / |z| with z = sign(x) sqrt(|x|), over the last axis (MCB, section 3.1).

    |z|² = Σ|x|, so for length 1 y = x / sqrt(|x| Σ|x|) and dL/dx = (g - y (y·g)) / (2 |y| Σ|x|).
    The slope of the root is infinite at zero: the denominator is kept above ``FLATTEST``. Zero
    stays zero. It has no second derivative.
    """
    return UnitSignedSqrt.apply(x, length)


def spread_signed_sqrt(x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
    """``spread(unit_signed_sqrt(x))`` without a pass of its own for the factor."""
    return unit_signed_sqrt(x, math.sqrt(x.shape[-1]))
