"""Infidelity: by how much a map misses what hiding does (Yeh et al. 2019)."""

import torch
from jaxtyping import Float
from torch import Tensor


def infidelity(
    attributed: Float[Tensor, "b s"], effects: Float[Tensor, "b s"], *, scaled: bool = True
) -> Float[Tensor, "b"]:
    """E_I[(β Iᵀφ - (f(x) - f(x without I)))²], I the indicator of a random subset of units.

    In squared scores, 0 or more, lower is better. Maps have no unit, so each is multiplied by the
    best β = E[Iᵀφ · Δ] / E[(Iᵀφ)²] before (the paper, section 2); ``scaled=False`` takes β = 1, for
    maps that are in the unit of the score, as occlusion and integrated gradients are. A map that is
    0 everywhere has β = 0. The paper writes x - I; here hiding puts a baseline in the place.
    """
    if scaled:
        square = attributed.square().mean(dim=1)
        product = (attributed * effects).mean(dim=1)
        beta = torch.where(
            square > 0, product / square.where(square > 0, torch.ones_like(square)), 0
        )
        attributed = beta[:, None] * attributed
    return (attributed - effects).square().mean(dim=1)
