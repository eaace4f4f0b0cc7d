"""The layers of `Transformer`: attention and two linear maps, each added to what comes in."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.models.dropout import Dropout
from vqax.models.scale import full_precision


class SelfAttention(nn.Module):
    """Attention of every token to every token that is ``there``, by ``heads``.

    Raises:
        UsageError: ``width`` is no multiple of ``heads``.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise UsageError(f"hidden: {width} is no multiple of {heads} heads; choose one")
        self.heads = heads
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(
        self, states: Float[Tensor, "b n d"], there: Bool[Tensor, "b n"]
    ) -> tuple[Float[Tensor, "b heads n n"], Float[Tensor, "b heads n w"]]:
        """Weights, whose rows sum to 1, and the values they are of."""
        parts = self.queries_keys_values(states).unflatten(2, (3, self.heads, -1))
        queries, keys, values = parts.permute(2, 0, 3, 1, 4)
        scores = full_precision(queries @ keys.mT) / queries.shape[-1] ** 0.5
        refused = ~there[:, None, None]
        return scores.masked_fill(refused, torch.finfo(scores.dtype).min).softmax(-1), values

    def mixed(
        self, weights: Float[Tensor, "b heads n m"], values: Float[Tensor, "b heads m w"]
    ) -> Float[Tensor, "b n d"]:
        """What the tokens get by ``weights``, all heads side by side through W_O."""
        return self.out((weights.to(values.dtype) @ values).transpose(1, 2).flatten(2))


class Block(nn.Module):
    """A layer: attention, then two linear maps for each token, both added to what comes in."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm, self.attention = nn.LayerNorm(width), SelfAttention(width, heads)
        self.inner = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, width)
        )
        self.dropout = Dropout(dropout)

    def forward(
        self, states: Float[Tensor, "b n d"], there: Bool[Tensor, "b n"]
    ) -> tuple[Float[Tensor, "b n d"], Float[Tensor, "b heads n n"]]:
        """States behind the layer, and its attention."""
        weights, values = self.attention(self.attention_norm(states), there)
        states = states + self.dropout(self.attention.mixed(weights, values))
        return states + self.dropout(self.inner(states)), weights


class AnswerBlock(Block):
    """The last layer, for the first token alone: only that one is read.

    What it gets from each cell stands by itself, so that the sum is the layer's own.
    """

    def read(
        self, states: Float[Tensor, "b n d"], there: Bool[Tensor, "b n"], cells: int
    ) -> tuple[Float[Tensor, "b d"], Float[Tensor, "b l d"], Float[Tensor, "b heads n n"]]:
        """The first token's state, what each of the last ``cells`` adds to it, the attention."""
        weights, values = self.attention(self.attention_norm(states), there)
        first = weights[:, :, :1].to(values.dtype)
        each = (first[:, :, 0, -cells:, None] * values[:, :, -cells:]).transpose(1, 2).flatten(2)
        attended = full_precision(nn.functional.linear(each, self.attention.out.weight))
        others = self.attention.mixed(first[..., :-cells], values[:, :, :-cells])[:, 0]
        state = states[:, 0] + self.dropout(attended.sum(1) + others)
        return state + self.dropout(self.inner(state)), attended, weights
