"""Take one word after the other from the question (Interp, section 3.2).

"we mask that word by dropping it from the question, and feed the masked question with original
image as inputs to the model. The importance score of the question word is computed as the change
in probability of the original predicted answer."
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.explain.occlusion_effect import OcclusionEffect, hide_each
from vqax.explain.pixels import below_pixels
from vqax.explain.state import left_as_found
from vqax.models.options import option
from vqax.text.tokens import SPECIAL, SpecialTokens

AT_ONCE = 64


def dropped(
    tokens: Int[Tensor, "n t"], place: Int[Tensor, "n"], special: SpecialTokens = SPECIAL
) -> Int[Tensor, "n t"]:
    """Each question without its word at ``place``; padding grows where it is, or on the left.

    The padding is on the right where the last place is padding and the first is none.
    """
    t = tokens.shape[1]
    at = torch.arange(t, device=tokens.device)
    padding = tokens == special.padding
    right = (padding[:, -1] & ~padding[:, 0])[:, None]
    filler = tokens.new_full((len(tokens), 1), special.padding)
    kept = tokens[at != place[:, None]].view(len(tokens), t - 1)
    return torch.where(right, torch.cat([kept, filler], 1), torch.cat([filler, kept], 1))


def unknown(
    tokens: Int[Tensor, "n t"], place: Int[Tensor, "n"], special: SpecialTokens = SPECIAL
) -> Int[Tensor, "n t"]:
    """Each question with the unknown word at ``place``."""
    return tokens.scatter(1, place[:, None], special.unknown)


WITHOUT: dict[str, Callable[..., Int[Tensor, "n t"]]] = {
    "drop": dropped,
    "unknown": unknown,
}


def word_occlusion(
    model: nn.Module,
    visual: Float[Tensor, "b *cells"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    *,
    how: str = "drop",
    score: str = "probability",
    at_once: int = AT_ONCE,
    special: SpecialTokens = SPECIAL,
) -> Float[Tensor, "b t"]:
    """The drop of each word (``occluded_words``); 0 at the padding.

    Raises:
        UsageError: as ``occluded_words``.
    """
    return occluded_words(
        model, visual, tokens, answer, how=how, score=score, at_once=at_once, special=special
    ).drops


def occluded_words(
    model: nn.Module,
    visual: Float[Tensor, "b *cells"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    *,
    how: str = "drop",
    score: str = "probability",
    at_once: int = AT_ONCE,
    special: SpecialTokens = SPECIAL,
) -> OcclusionEffect:
    """OcclusionEffect (b,t) of the answer without a word: ``how`` is one of ``WITHOUT``.

    ``visual`` are cells, or images of a ``PixelModel``, whose image encoder sees each once.
    Dropping either of two equal neighbours gives the same question; ``unknown`` tells them apart.
    ``special`` are the tokeniser's indices of padding and unknown words.

    Raises:
        UsageError: how or score are not one of ``WITHOUT`` and ``SCORES``.
    """
    shorter = option(WITHOUT, how, "how")
    with left_as_found(model), torch.no_grad():
        below, cells = below_pixels(model, visual)

        def without(row: Tensor, place: Tensor) -> Tensor:
            logits: Tensor = below(cells[row], shorter(tokens[row], place, special)).logits
            return logits

        logits = below(cells, tokens).logits
        words = tokens != special.padding
        return hide_each(logits, answer, words, without, score=score, at_once=at_once)
