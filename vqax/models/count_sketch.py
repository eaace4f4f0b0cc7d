"""Compact bilinear pooling: the count sketch of an outer product.

MCB (Fukui et al. 2016, section 3.1, after Pham and Pagh 2013): ψ(x)_k = Σ_{i: h(i)=k} s(i) x_i,
and ψ(x ⊗ y) = ψ(x) * ψ(y), a circular convolution. With one y for all cells the convolution is
the matrix product x M, M_ik = s(i) ψ(y)_{(k - h(i)) mod out}; with many channels the product of
Fourier transforms is cheaper. Both forms give the same numbers.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.models.options import option
from vqax.models.scale import full_precision, matmul_dtype

MIN_CELLS = 8
CHANNELS_PER_LOG2 = 13  # measured by benchmarks/mcb_fusion.py, fp32 and fp64
CHANNELS_PER_LOG2_HALF = 30


class CountSketch(nn.Module):
    """A random projection (…, width) -> (…, out): one hashed place and one sign per channel.

    ``place`` h in [0, out) and ``sign`` s in {-1, 1} are buffers drawn from ``seed``, so a
    checkpoint carries them.
    """

    place: Tensor
    sign: Tensor

    def __init__(self, width: int, out: int, *, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.out = out
        self.register_buffer("place", torch.randint(out, (width,), generator=generator))
        signs = torch.randint(2, (width,), generator=generator) * 2.0 - 1.0
        self.register_buffer("sign", signs)

    def forward(self, x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b o"]:
        signed = full_precision(x) * self.sign
        zeros = signed.new_zeros(*x.shape[:-1], self.out)
        return zeros.index_add(-1, self.place, signed)


class Rolled(torch.autograd.Function):
    """Windows of the sketch written twice in a row: whole rows are copied, and added up again."""

    @staticmethod
    def forward(ctx: Any, sketched: Tensor, place: Tensor) -> Tensor:
        out = sketched.shape[1]
        ctx.save_for_backward(place)
        windows = torch.cat([sketched, sketched], dim=1).unfold(1, out, 1)
        return windows[:, (out - place) % out]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (place,) = ctx.saved_tensors
        b, _, out = gradient.shape
        twice = full_precision(gradient.new_zeros(())).new_zeros(b, 2 * out)
        for channel, start in enumerate(((out - place) % out).tolist()):
            twice[:, start : start + out] += gradient[:, channel]
        return (twice[:, :out] + twice[:, out:]).to(gradient.dtype), None


def rolled(sketched: Float[Tensor, "b o"], place: Int[Tensor, "d"]) -> Float[Tensor, "b d o"]:
    """Row i is the sketch rolled by ``place[i]``."""
    return Rolled.apply(sketched, place)


def by_matmul(
    x: Float[Tensor, "b l d"], y: Float[Tensor, "b q"], sketch_x: CountSketch, sketch_y: CountSketch
) -> Float[Tensor, "b l o"]:
    """Convolution as a matrix product; runs in the autocast precision."""
    sketched = sketch_y(y)
    return (x * sketch_x.sign) @ rolled(sketched.to(matmul_dtype(sketched)), sketch_x.place)


def by_fft(
    x: Float[Tensor, "b l d"], y: Float[Tensor, "b q"], sketch_x: CountSketch, sketch_y: CountSketch
) -> Float[Tensor, "b l o"]:
    """Convolution as a product of spectra, in at least 32 bits whatever autocast says."""
    with torch.autocast(x.device.type, enabled=False):
        spectrum = torch.fft.rfft(sketch_x(x)) * torch.fft.rfft(sketch_y(y)).unsqueeze(1)
        return torch.fft.irfft(spectrum, n=sketch_x.out)


def by_size(
    x: Float[Tensor, "b l d"], y: Float[Tensor, "b q"], sketch_x: CountSketch, sketch_y: CountSketch
) -> Float[Tensor, "b l o"]:
    """The form that ``matmul_is_cheaper`` expects to be faster."""
    cheaper = matmul_is_cheaper(x.shape[1], x.shape[2], sketch_x.out, matmul_dtype(x))
    return (by_matmul if cheaper else by_fft)(x, y, sketch_x, sketch_y)


def matmul_is_cheaper(cells: int, width: int, out: int, precision: torch.dtype) -> bool:
    """The product costs ``width`` multiplications per output, the transforms about log2(out)."""
    per_log2 = CHANNELS_PER_LOG2_HALF if precision.itemsize == 2 else CHANNELS_PER_LOG2
    return cells >= MIN_CELLS and width <= per_log2 * math.log2(out)


Fusion = Callable[[Tensor, Tensor, CountSketch, CountSketch], Tensor]
METHODS: dict[str, Fusion] = {"auto": by_size, "matmul": by_matmul, "fft": by_fft}


def compact_bilinear(
    x: Float[Tensor, "b l d"],
    y: Float[Tensor, "b q"],
    sketch_x: CountSketch,
    sketch_y: CountSketch,
    method: str = "auto",
) -> Float[Tensor, "b l o"]:
    """The count sketch of x_l ⊗ y for every cell l.

    Raises:
        UsageError: ``method`` is not auto, matmul or fft.
    """
    return option(METHODS, method, "method")(x, y, sketch_x, sketch_y)


class CompactBilinear(nn.Module):
    """``compact_bilinear`` with its own two sketches, drawn from ``seed`` and ``seed + 1``."""

    def __init__(self, x_width: int, y_width: int, out: int, *, seed: int, method: str) -> None:
        super().__init__()
        self.method = method
        option(METHODS, method, "method")
        self.sketch_x = CountSketch(x_width, out, seed=seed)
        self.sketch_y = CountSketch(y_width, out, seed=seed + 1)

    def forward(self, x: Float[Tensor, "b l d"], y: Float[Tensor, "b q"]) -> Float[Tensor, "b l o"]:
        return compact_bilinear(x, y, self.sketch_x, self.sketch_y, self.method)
