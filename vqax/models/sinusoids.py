"""Sinusoids for the places of words (Vaswani et al. 2017, section 3.5)."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor


def sinusoids(places: Int[Tensor, "*b"], width: int, dtype: torch.dtype) -> Float[Tensor, "*b d"]:
    """sin(place · r_i) for the first half of ``width``, cos for the second, r_i = 10⁴^(-2i/width).

    The print interleaves the two halves, which a linear map behind them does not notice.
    """
    half = -(-width // 2)
    steps = torch.arange(half, device=places.device, dtype=dtype) * (-2 * math.log(1e4) / width)
    angles = places[..., None] * steps.exp()
    return torch.cat([angles.sin(), angles.cos()], dim=-1)[..., :width]
