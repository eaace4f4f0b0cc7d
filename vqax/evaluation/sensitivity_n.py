"""Sensitivity-n: do the parts a map sums up move the answer as much? (Ancona et al. 2018.)"""

import torch
from jaxtyping import Float
from torch import Tensor

from vqax.metrics.ties import SINGLE


def sensitivity_n(
    attributed: Float[Tensor, "b s"], effects: Float[Tensor, "b s"]
) -> Float[Tensor, "b"]:
    """Pearson's r over subsets S of n units, of Σ_{i ∈ S} φ_i and f(x) - f(x without S).

    In [-1, 1], higher is better; one value a question. NaN where either does not vary
    by more than rounding.
    """
    a, b = (part.double() - part.double().mean(1, keepdim=True) for part in (attributed, effects))
    norms = (a.square().sum(1) * b.square().sum(1)).sqrt()
    products = (a * b).sum(1)
    flat = _constant(attributed) | _constant(effects) | (norms == 0)
    return torch.where(flat, torch.nan, products / norms.where(~flat, torch.ones_like(norms)))


def _constant(values: Float[Tensor, "b s"]) -> Tensor:
    high, low = values.amax(dim=1), values.amin(dim=1)
    return ~(high - low > SINGLE * torch.maximum(high.abs(), low.abs()))
