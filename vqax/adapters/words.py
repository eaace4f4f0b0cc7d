"""Questions for networks of the BERT family: no special token is a word of the question.

``Reading.tokens`` are the word pieces alone, so that words can be hidden and gradients be taken
for each; start, end and padding are put around their embeddings here.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from vqax.adapters.foreign import Reading
from vqax.errors import UsageError
from vqax.text.tokens import SpecialTokens


class Special(NamedTuple):
    """Indices of a tokeniser's start, end, unknown and padding token."""

    start: int
    end: int
    unknown: int
    padding: int

    @property
    def of_words(self) -> SpecialTokens:
        """What explainers of words must know."""
        return SpecialTokens(self.padding, self.unknown)


def special_of(tokenizer: Any) -> Special:
    """Those of a tokeniser of ``transformers``.

    Raises:
        UsageError: it has not the four tokens.
    """
    names = ("cls_token_id", "sep_token_id", "unk_token_id", "pad_token_id")
    found = [getattr(tokenizer, name) for name in names]
    if None in found:
        raise UsageError(
            f"{type(tokenizer).__name__}: start, end, unknown and padding token are {found}; "
            "give a tokeniser of the BERT family, which has all four"
        )
    return Special(*found)


def piece_reader(tokenizer: Any, max_tokens: int) -> Callable[[str], Reading]:
    """Reads a question as word pieces; ``max_tokens`` leaves room for start and end."""
    split = tokenizer.tokenize

    def read(question: str) -> Reading:
        indices = tokenizer(question, add_special_tokens=False)["input_ids"]
        pieces = tokenizer.convert_ids_to_tokens(indices)
        unknown = [word for word in question.split() if tokenizer.unk_token in split(word)]
        return Reading(
            words=tuple(pieces[:max_tokens]),
            tokens=tuple(indices[:max_tokens]),
            unknown=tuple(dict.fromkeys(unknown)),
            unread=tuple(pieces[max_tokens:]),
        )

    return read


class Packed(NamedTuple):
    """Start, words, end, padding of each question, and where there is something to read."""

    embedded: Float[Tensor, "b n e"]
    mask: Bool[Tensor, "b n"]


def packed(tokens: Int[Tensor, "b t"], look_up: nn.Embedding, special: Special) -> Packed:
    """Embed a question whose padding may be on either side; n = t + 2.

    The words are looked up as given, so that explainers of words find them.
    """
    b, t = tokens.shape
    read = tokens != special.padding
    words = look_up(tokens)
    order = (~read).long().argsort(dim=1, stable=True)
    words = words.gather(1, order[:, :, None].expand_as(words))
    edges = look_up(tokens.new_tensor([special.start, special.end, special.padding]))
    start, end, padding = (edge.expand(b, 1, -1) for edge in edges)
    row = torch.cat([start, words, padding], dim=1)
    at, last = torch.arange(t + 2, device=tokens.device), read.sum(1, keepdim=True) + 1
    return Packed(torch.where((at == last)[:, :, None], end, row), at <= last)
