"""Where a model looks when its dropout stays on: U-CAM, figures 13 to 17.

Sampled over equation 4 of the paper, but with dropout in the whole model instead of its head, so
that the attention varies as well. A model without dropout before its attention, as SAN here,
gives the same map in every sample.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.explain.attention import attention_of
from vqax.explain.grid import as_grid
from vqax.explain.state import left_as_found, seed_draws, start_sampling


class AttentionSamples(NamedTuple):
    """One map of each sample, and what the model answered while it looked there.

    ``answer`` is the sample's own top answer, ``probability`` its softmax output, ``entropy``
    Σ -p log p in nats, ``variance`` the aleatoric one (mean over the answers), None without a
    variance head.
    """

    maps: Float[Tensor, "s b h w"]
    answer: Int[Tensor, "s b"]
    probability: Float[Tensor, "s b"]
    entropy: Float[Tensor, "s b"]
    variance: Float[Tensor, "s b"] | None


def attention_samples(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    grid: tuple[int, int],
    *,
    samples: int = 25,
    seed: int = 0,
) -> AttentionSamples:
    """``samples`` passes of the whole model with dropout; normalisations keep their statistics.

    Each question is sampled by itself from the same seed, so its maps do not depend on the batch,
    and no more than ``samples`` rows are in memory at a time. The model is left as found.

    Raises:
        UsageError: the model has no attention, or the grid has not as many cells as it.
    """
    with left_as_found(model), torch.no_grad():
        start_sampling(model)
        each = [
            _of_question(model, cells, words, grid, samples, seed)
            for cells, words in zip(visual, tokens, strict=True)
        ]
    maps, answer, probability, entropy = (
        torch.stack([question[part] for question, _ in each], dim=1) for part in range(4)
    )
    variances = [variance for _, variance in each if variance is not None]
    variance = torch.stack(variances, dim=1) if variances else None
    return AttentionSamples(maps, answer, probability, entropy, variance)


def _of_question(
    model: nn.Module,
    cells: Float[Tensor, "l d"],
    words: Int[Tensor, "t"],
    grid: tuple[int, int],
    samples: int,
    seed: int,
) -> tuple[tuple[Tensor, Tensor, Tensor, Tensor], Tensor | None]:
    """Map, answer, probability and entropy of each sample, and its variance."""
    seed_draws(model, seed)
    forward = model(cells.expand(samples, -1, -1), words.expand(samples, -1))
    probabilities = forward.logits.softmax(dim=1)
    probability, answer = probabilities.max(dim=1)
    entropy = torch.special.entr(probabilities).sum(dim=1)
    variance = None if forward.variance is None else forward.variance.mean(dim=1)
    maps = as_grid(attention_of(forward, model), grid)
    return (maps, answer, probability, entropy), variance
