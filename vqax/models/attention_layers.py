"""The contract of transformers beside ``Forward``: the attention of every layer."""

from typing import NamedTuple, Protocol

from jaxtyping import Float, Int
from torch import Tensor


class AttentionLayers(NamedTuple):
    """What a pass over one question and its image shows of its n tokens.

    ``score`` is that of the answer explained, computed from ``weights``, which are of each layer by
    head, rows looking at columns and summing to 1. ``cells`` are the places of the image's cells
    among the tokens, in their order, ``reads`` those that the answer is read off. ``blocks`` are
    the names of the layers among the model's modules.
    """

    score: Float[Tensor, ""]
    weights: tuple[Float[Tensor, "1 heads n n"], ...]
    cells: Int[Tensor, "l"]
    reads: Int[Tensor, "r"]
    blocks: tuple[str, ...]

    @property
    def by_head(self) -> tuple[Float[Tensor, "heads n n"], ...]:
        """The weights of each layer without their graph."""
        return tuple(weights.detach()[0].float() for weights in self.weights)


class ShowsLayers(Protocol):
    """A model whose layers can be looked at."""

    def attention_layers(
        self, visual: Float[Tensor, "1 l d"], tokens: Int[Tensor, "1 t"], answer: Int[Tensor, "1"]
    ) -> AttentionLayers: ...
