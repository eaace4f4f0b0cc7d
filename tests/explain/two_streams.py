"""A differentiable model of words and cells that look at each other, as LXMERT's layers do."""

import torch
from torch import Tensor, nn

from vqax.models.attention_layers import CrossAttentionLayers, StreamAttention

WIDTH, WORDS, CELLS, HEADS = 4, 3, 6, 2


class TwoStreams(nn.Module):
    """Words at words, cells at cells, each at the other, and each at itself again."""

    layers_at_once = 2

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(7, WIDTH, padding_idx=0)
        self.mix = nn.Parameter(torch.randn(6, 3, HEADS, WIDTH, WIDTH))
        self.block = nn.Identity()
        self.answer = nn.Linear(WIDTH, 5)

    def encode(self, number: int, of: Tensor, at: Tensor) -> tuple[Tensor, Tensor]:
        """States that were added to, and the weights (b,heads,n,m)."""
        q, k, v = self.mix[number]
        queries, keys, values = of[:, None] @ q, at[:, None] @ k, at[:, None] @ v
        weights = (queries @ keys.mT).softmax(3)
        return of + (weights @ values).sum(1).tanh(), weights

    def start(self, words: Tensor) -> Tensor:
        """Words as a place where gradients begin, also while the embedding is frozen."""
        return words if words.requires_grad else words.requires_grad_()

    def attention_layers(self, visual: Tensor, tokens: Tensor, answer: Tensor):
        words, cells = self.start(self.embedding(tokens)), visual
        words, first = self.encode(0, words, words)
        cells, second = self.encode(1, cells, cells)
        cells = self.block(cells)
        (new_words, third), (new_cells, fourth) = (
            self.encode(2, words, cells), self.encode(3, cells, words),
        )  # fmt: skip
        words, fifth = self.encode(4, new_words, new_words)
        cells, sixth = self.encode(5, new_cells, new_cells)
        score = self.answer(words[:, 0]).exp()
        return CrossAttentionLayers(
            score=score.gather(1, answer[:, None])[:, 0],
            layers=(
                (StreamAttention("words", "words", first),),
                (StreamAttention("cells", "cells", second),),
                (
                    StreamAttention("words", "cells", third),
                    StreamAttention("cells", "words", fourth),
                ),
                (
                    StreamAttention("words", "words", fifth),
                    StreamAttention("cells", "cells", sixth),
                ),
            ),
            reads=torch.tensor([0]),
            words=tokens.shape[1],
            image_cells=visual.shape[1],
            blocks=("block",),
        )


def two_streams() -> tuple[TwoStreams, Tensor, Tensor, Tensor]:
    """The model in double precision, cells (3,6,4), tokens (3,3) and answers (3)."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = TwoStreams().double()
        visual = torch.randn(3, CELLS, WIDTH, dtype=torch.float64)
        tokens = torch.randint(1, 7, (3, WORDS))
    return model, visual, tokens, torch.tensor([4, 0, 2])
