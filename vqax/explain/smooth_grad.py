"""SmoothGrad, a wrapper of any gradient method (Smilkov et al. 2017).

The mean of the method's maps over ``samples`` copies of what the model is given, each with noise
N(0, σ²), where σ is ``noise`` times the range of its values. Questions share the draws.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

NOISE, SAMPLES = 0.15, 25


@dataclass(frozen=True, slots=True)
class SmoothGrad:
    """The explainer ``method`` of cells or of pixels, smoothed; its options are passed on."""

    method: Callable[..., Tensor]

    def __call__(
        self,
        model: nn.Module,
        visual: Float[Tensor, "p *cells"],
        tokens: Int[Tensor, "b t"],
        answer: Int[Tensor, "b"],
        grid: tuple[int, int],
        *,
        noise: float = NOISE,
        samples: int = SAMPLES,
        seed: int = 0,
        **options: Any,
    ) -> Float[Tensor, "b y x"]:
        """Maps of the kind and sign of ``method``.

        Raises:
            UsageError: as ``method``.
        """
        visual = visual.detach()
        flat = visual.flatten(1)
        spread = (flat.amax(1) - flat.amin(1)).view(-1, *[1] * (visual.dim() - 1))
        source, total = torch.Generator().manual_seed(seed), None
        for _ in range(samples):
            drawn = torch.randn(visual.shape[1:], generator=source).to(visual)
            maps = self.method(
                model, visual + noise * spread * drawn, tokens, answer, grid, **options
            )
            total = maps if total is None else total + maps
        assert total is not None
        return total / samples
