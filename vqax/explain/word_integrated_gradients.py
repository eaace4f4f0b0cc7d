"""Integrated gradients at the words (Sundararajan, Taly and Yan 2017, section 6.4).

w Σ_k ω_k ∂y/∂w at α_k w, from words that are zero vectors, with α and ω of Gauss and Legendre;
summed over the numbers of a word. Their sum is y(words) − y(zero vectors), up to the error of the
sum.
"""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.explain.integrated_gradients import STEPS
from vqax.explain.occlusion_effect import score_of
from vqax.explain.pixels import below_pixels
from vqax.explain.state import left_as_found
from vqax.explain.word_gradients import CatchWords, word_slopes
from vqax.text.tokens import SPECIAL, SpecialTokens


def word_integrated_gradients(
    model: nn.Module,
    visual: Float[Tensor, "b *cells"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    *,
    steps: int = STEPS,
    score: str = "logit",
    special: SpecialTokens = SPECIAL,
) -> Float[Tensor, "b t"]:
    """A signed number for each word, 0 at the padding, whose index is that of ``special``.

    Raises:
        UsageError: as ``word_gradients``.
    """
    places, shares = np.polynomial.legendre.leggauss(steps)
    total = visual.new_zeros(tokens.shape)
    with left_as_found(model), torch.backends.cudnn.flags(enabled=False):
        model, visual = below_pixels(model, visual)
        for place, share in zip(((1 + places) / 2).tolist(), (shares / 2).tolist(), strict=True):
            caught = CatchWords(tokens, scale=place)
            with caught:
                logits = model(visual, tokens).logits
            slopes = word_slopes(score_of(logits, answer, score), caught.words, model)
            for slope, scaled in zip(slopes, caught.words, strict=True):
                total += share * (slope * scaled.detach() / place).sum(dim=2).to(total)
    return total * (tokens != special.padding)
