"""Questions padded on the left: with the padding kept out of the state, or read once for all.

MulLowBiVQA and HieCoAttenVQA keep the padding out of the recurrent state (``states``): a question
has the same vector whatever it is padded to. UpDn reads it (``last_state``).
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence


def present(tokens: Int[Tensor, "b t"]) -> Bool[Tensor, "b t"]:
    """Whether the first word, any index but 0, has come."""
    return (tokens != 0).cumsum(1) > 0


def states(
    recurrent: nn.RNNBase, words: Float[Tensor, "b t e"], there: Bool[Tensor, "b t"]
) -> Float[Tensor, "b t q"]:
    """The state after each word, the initial one before the first word; zero over the padding."""
    padding = (~there).sum(1, keepdim=True)
    found, _ = recurrent(rolled_left(words, padding))
    return rolled_left(found, -padding) * there.unsqueeze(-1)


def rolled_left(
    words: Float[Tensor, "b t e"], places: Int[Tensor, "b 1"]
) -> Float[Tensor, "b t e"]:
    """Each question rolled by its own number of places along the words."""
    t = words.shape[1]
    index = (torch.arange(t, device=words.device) + places) % t
    return torch.take_along_dim(words, index.unsqueeze(-1), dim=1)


def last_state(
    recurrent: nn.GRU, embed: Callable[[Tensor], Tensor], tokens: Int[Tensor, "b t"]
) -> Float[Tensor, "b q"]:
    """``recurrent(embed(tokens))[1][-1]``, with less work.

    After k words of padding the state is the same for every question, so these states are
    computed for one of them; each question then starts at its own first word. More than half of
    14 words are padding in VQA v2.
    """
    t = tokens.shape[1]
    padding = (~present(tokens)).sum(1).clamp_max(t - 1)
    longest = int(padding.max())
    if longest == 0:
        return recurrent(embed(tokens))[1][-1]
    blank = recurrent(embed(tokens.new_zeros(1, longest)))[0][0]
    start = torch.cat([torch.zeros_like(blank[:1]), blank])[padding]
    words = rolled_left(embed(tokens), padding.unsqueeze(1))
    packed = pack_padded_sequence(
        words, (t - padding).cpu(), batch_first=True, enforce_sorted=False
    )
    return recurrent(packed, start.unsqueeze(0))[1][-1]
