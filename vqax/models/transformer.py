"""A transformer over the cells of an image and the words of a question, in one stream.

Vaswani et al. 2017 with the normalisation before each part (Xiong et al. 2020), read off a token of
its own as in BERT and VisualBERT (Li et al. 2019). With x the states of n = 1 + t + l tokens, the
answer's, the words' and the cells',

    A = softmax(Q Kᵀ / √w)   x ← x + [A V]_heads W_O   x ← x + W₂ ReLU(W₁ x)

with Q, K, V, W₁ of the normalised x. Words have sinusoids for their places, cells none: to all
models here the order of the cells is nothing.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.models.attention_layers import AttentionLayers
from vqax.models.forward import Forward
from vqax.models.head import AnswerHead
from vqax.models.padding import present
from vqax.models.scale import full_precision, spread, unit
from vqax.models.sinusoids import sinusoids
from vqax.models.transformer_blocks import AnswerBlock, Block


class Transformer(nn.Module):
    """The model; ``attention`` is how the answer's token looks at the cells in the last layer,
    mean of the heads, made to sum to 1; ``attended`` is what it gets from each cell there.

    Word states are tanh(W w + place), and the answer's token starts as a learnt vector plus
    ``question``, their mean. ``dropout`` is that of the head, ``layer_dropout`` of the layers.

    Raises:
        UsageError: fewer than two layers, or ``hidden`` is no multiple of ``heads``.
    """

    layers_at_once = 64

    def __init__(
        self,
        *,
        words: int,
        answers: int,
        visual_dim: int,
        word_dim: int = 300,
        hidden: int = 256,
        heads: int = 4,
        layers: int = 4,
        layer_dropout: float = 0.0,
        dropout: float = 0.1,
        variance: str = "none",
        variance_input: str = "logits",
    ) -> None:
        super().__init__()
        if layers < 2:
            raise UsageError(f"layers: {layers}; give at least 2, the last of which reads")
        self.embedding = nn.Embedding(words, word_dim, padding_idx=0)
        self.word_map = nn.Linear(word_dim, hidden)
        self.visual_map = nn.Linear(visual_dim, hidden)
        self.answer_token = nn.Parameter(torch.randn(hidden) * 0.02)
        self.blocks = nn.ModuleList(
            [Block(hidden, heads, layer_dropout) for _ in range(layers - 1)]
        )
        self.last = AnswerBlock(hidden, heads, layer_dropout)
        self.norm = nn.LayerNorm(hidden)
        self.head = AnswerHead(
            hidden,
            answers,
            image_width=hidden,
            question_width=hidden,
            dropout=dropout,
            variance=variance,
            variance_input=variance_input,
        )

    def forward(self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]) -> Forward:
        return self._read(visual, tokens)[0]

    def attention_layers(
        self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"], answer: Int[Tensor, "b"]
    ) -> AttentionLayers:
        """Attention among answer token, words and cells; the answer is read off the first."""
        forward, weights = self._read(visual, tokens)
        n, device = weights[0].shape[3], visual.device
        return AttentionLayers(
            score=forward.logits.gather(1, answer[:, None])[:, 0],
            weights=weights,
            cells=torch.arange(n - visual.shape[1], n, device=device),
            reads=torch.zeros(1, dtype=torch.long, device=device),
            blocks=(*(f"blocks.{layer}" for layer in range(len(self.blocks))), "last"),
        )

    def _read(
        self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]
    ) -> tuple[Forward, tuple[Float[Tensor, "b heads n n"], ...]]:
        """A pass, and the attention of every layer by head."""
        cells = visual.shape[1]
        read = present(tokens)
        words = self._words(tokens, read)
        question = (words * read[..., None]).sum(1) / read.sum(1, keepdim=True).clamp_min(1)
        states = self._tokens(visual, words, question)
        there = torch.cat([read.new_ones(len(read), 1), read, read.new_ones(len(read), cells)], 1)
        seen = []
        for block in self.blocks:
            states, weights = block(states, there)
            seen.append(weights)
        state, attended, weights = self.last.read(states, there, cells)
        combined = self.head.combine(self.norm(state), image=attended.sum(1), question=question)
        logits, variance = self.head(combined)
        looks = weights[:, :, 0, -cells:].mean(1)
        attention = looks / looks.sum(1, keepdim=True)
        forward = Forward(logits, attention, attended, visual, question, combined, variance)
        return forward, (*seen, weights)

    def _words(
        self, tokens: Int[Tensor, "b t"], read: Bool[Tensor, "b t"]
    ) -> Float[Tensor, "b t h"]:
        """Their states; places count from the first word, whatever padding is before it."""
        mapped = full_precision(self.word_map(self.embedding(tokens)))
        return torch.tanh(mapped + sinusoids(read.cumsum(1), mapped.shape[2], mapped.dtype))

    def _tokens(
        self,
        visual: Float[Tensor, "b l d"],
        words: Float[Tensor, "b t h"],
        question: Float[Tensor, "b h"],
    ) -> Float[Tensor, "b n h"]:
        cells = full_precision(self.visual_map(spread(unit(visual))))
        return torch.cat([(self.answer_token + question)[:, None], words, cells], dim=1)
