"""The contract of transformers beside ``Forward``: the attention of every layer."""

from typing import Literal, NamedTuple, Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor


class AttentionLayers(NamedTuple):
    """What a pass over questions and their images shows of the n tokens of each.

    ``score`` are those of the answers explained, computed from ``weights``, which are of each layer
    by head, rows looking at columns and summing to 1. ``cells`` are the places of the image's cells
    among the tokens, in their order, ``reads`` those that the answer is read off. ``blocks`` are
    the names of the layers among the model's modules.
    """

    score: Float[Tensor, "b"]
    weights: tuple[Float[Tensor, "b heads n n"], ...]
    cells: Int[Tensor, "l"]
    reads: Int[Tensor, "r"]
    blocks: tuple[str, ...]

    @property
    def tokens(self) -> int:
        """n."""
        return self.weights[0].shape[3]

    def by_layer(
        self, values: tuple[Float[Tensor, "b heads n n"], ...]
    ) -> list[Float[Tensor, "b heads n n"]]:
        """What there is for each of ``weights``, among all tokens."""
        return list(values)


Stream = Literal["words", "cells"]


class StreamAttention(NamedTuple):
    """Tokens of ``of`` looking at those of ``at``, with weights by head whose rows sum to 1."""

    of: Stream
    at: Stream
    weights: Float[Tensor, "b heads n m"]


class CrossAttentionLayers(NamedTuple):
    """The same of two streams, words and cells, that look at themselves and at each other.

    ``layers`` are in the order of the pass; what stands in one of them happens at the same time.
    Among all tokens the words come first. ``reads`` are words that the answer is read off.
    Gradients are taken at all weights, also of words at words while the model's parameters are
    frozen: embedded words that require no gradient must be made to (``requires_grad_()``).
    """

    score: Float[Tensor, "b"]
    layers: tuple[tuple[StreamAttention, ...], ...]
    reads: Int[Tensor, "r"]
    words: int
    image_cells: int
    blocks: tuple[str, ...]

    @property
    def weights(self) -> tuple[Tensor, ...]:
        """Of every attention, one after the other."""
        return tuple(attention.weights for layer in self.layers for attention in layer)

    @property
    def tokens(self) -> int:
        """Words and cells."""
        return self.words + self.image_cells

    @property
    def cells(self) -> Int[Tensor, "l"]:
        """Places of the cells, behind the words."""
        return torch.arange(self.words, self.tokens, device=self.reads.device)

    def by_layer(self, values: tuple[Tensor, ...]) -> list[Float[Tensor, "b heads n n"]]:
        """What there is for each of ``weights``, among all tokens; 0 where nothing looks."""
        rest, made = iter(values), []
        for layer in self.layers:
            parts = {(attention.of, attention.at): next(rest) for attention in layer}
            made.append(self._among_all(parts))
        return made

    def _among_all(self, parts: dict[tuple[Stream, Stream], Tensor]) -> Tensor:
        like = next(iter(parts.values()))
        whole = like.new_zeros(*like.shape[:2], self.tokens, self.tokens)
        place = {"words": slice(0, self.words), "cells": slice(self.words, self.tokens)}
        for (of, at), part in parts.items():
            whole[:, :, place[of], place[at]] = part
        return whole


class ShowsLayers(Protocol):
    """A model whose layers can be looked at.

    It is given ``layers_at_once`` questions at a time; one where it has no such attribute.
    """

    def attention_layers(
        self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"], answer: Int[Tensor, "b"]
    ) -> AttentionLayers | CrossAttentionLayers: ...
