"""Questions padded on the left, read from their first word on.

MulLowBiVQA and HieCoAttenVQA keep the padding out of the recurrent state; with this a question
has the same vector whatever it is padded to.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn


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
