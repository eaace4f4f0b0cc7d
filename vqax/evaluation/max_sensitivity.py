"""Max-sensitivity: does a map stay the same where the image hardly changes? (Yeh et al. 2019.)"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from vqax.errors import UsageError

Explain = Callable[[Tensor], Tensor]
"""inputs (b,...) -> maps (b,h,w) or (b,u)."""


def max_sensitivity(
    explain: Explain,
    inputs: Float[Tensor, "b *n"],
    *,
    radius: float = 0.02,
    samples: int = 10,
    seed: int = 0,
) -> Float[Tensor, "b"]:
    """max_δ ‖Φ(x + δ) - Φ(x)‖₂ / ‖Φ(x)‖₂ over ``samples`` δ drawn from |δ_i| ≤ r.

    r is ``radius`` times the range of each input, so it means the same for images in 0..1 and in
    0..255. 0 or more, lower is better; the estimate grows with the number of samples. NaN where
    the map is 0 everywhere.

    Raises:
        UsageError: no sample, or a radius that is not above 0.
    """
    if samples < 1 or not radius > 0:
        raise UsageError(
            f"{samples} samples in a radius of {radius}: give at least 1 and a radius above 0"
        )
    source = torch.Generator().manual_seed(seed)
    before = explain(inputs).detach().flatten(1)
    norm = before.norm(dim=1)
    flat = inputs.flatten(1)
    reach = radius * (flat.amax(dim=1) - flat.amin(dim=1)).view(-1, *[1] * (inputs.dim() - 1))
    worst = torch.zeros_like(norm)
    for _ in range(samples):
        noise = torch.rand(inputs.shape, generator=source, dtype=inputs.dtype).to(inputs.device)
        after = explain(inputs + reach * (2 * noise - 1)).detach().flatten(1)
        worst = torch.maximum(worst, (after - before).norm(dim=1))
    return torch.where(norm > 0, worst / norm.where(norm > 0, torch.ones_like(norm)), torch.nan)
