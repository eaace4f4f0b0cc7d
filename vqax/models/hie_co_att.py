"""Hierarchical question-image co-attention, parallel form.

Lu et al. 2016, section 3. The question has three levels, each a vector per word: the embedding
(word), the largest of a uni-, bi- and trigram convolution (phrase), the state of an LSTM over the
phrases (sentence). Image and question attend to each other at every level, and the levels are
fused from the words up. The order of ``V`` and ``Q`` is the paper's, transposed: rows are cells
and words.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from vqax.models.forward import Forward
from vqax.models.head import AnswerHead
from vqax.models.padding import present, states
from vqax.models.scale import full_precision, spread, unit


class PhraseEncoder(nn.Module):
    """tanh(max_s W_s [words around t]), s in {1, 2, 3}: (t), (t-1, t), (t-1, t, t+1)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.unigram = nn.Linear(width, width)
        self.bigram = nn.Linear(2 * width, width)
        self.trigram = nn.Linear(3 * width, width)

    def forward(self, words: Float[Tensor, "b t h"]) -> Float[Tensor, "b t h"]:
        before = functional.pad(words, (0, 0, 1, 0))[:, :-1]
        after = functional.pad(words, (0, 0, 0, 1))[:, 1:]
        unigram = self.unigram(words)
        bigram = self.bigram(torch.cat([before, words], dim=-1))
        trigram = self.trigram(torch.cat([before, words, after], dim=-1))
        return torch.tanh(torch.maximum(torch.maximum(unigram, bigram), trigram))


class CoAttention(nn.Module):
    """Weights over the cells V (b, l, h) and over the words Q (b, t, h), each summing to 1.

    C = tanh(Q W_b Vᵀ); H_v = tanh(V W_v + Cᵀ Q W_q); H_q = tanh(Q W_q + C V W_v); the weights are
    softmax(H w). Words that are not ``there`` are zero and get no weight.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.affinity = nn.Linear(width, width, bias=False)
        self.cell_map = nn.Linear(width, width, bias=False)
        self.word_map = nn.Linear(width, width, bias=False)
        self.cell_score = nn.Linear(width, 1, bias=False)
        self.word_score = nn.Linear(width, 1, bias=False)

    def forward(
        self,
        cells: Float[Tensor, "b l h"],
        words: Float[Tensor, "b t h"],
        there: Bool[Tensor, "b t"],
    ) -> tuple[Float[Tensor, "b l"], Float[Tensor, "b t"]]:
        affinity = torch.tanh(self.affinity(words) @ cells.mT)
        of_cells, of_words = self.cell_map(cells), self.word_map(words)
        seen = torch.tanh(of_cells + affinity.mT @ of_words)
        read = torch.tanh(of_words + affinity @ of_cells)
        cell_scores = full_precision(self.cell_score(seen)).squeeze(-1)
        word_scores = full_precision(self.word_score(read)).squeeze(-1)
        lowest = torch.finfo(word_scores.dtype).min
        return cell_scores.softmax(-1), word_scores.masked_fill(~there, lowest).softmax(-1)


class HieCoAtt(nn.Module):
    """HieCoAtt; ``attention`` and ``attended`` are those of the sentence, the last level.

    The images of the word and phrase level reach the answer beside them, so a gradient added at
    ``attended`` steers the sentence's look alone, as that of SAN steers its second.
    ``question`` is the last state of the LSTM, which knows no image; ``combined`` is h_s:

        h_w = tanh(W_w (q_w + v_w))
        h_p = tanh(W_p [q_p + v_p, h_w])
        h_s = tanh(W_s [q_s + v_s, h_p])

    with q and v the attended words and cells of a level. Words are mapped to ``hidden`` where
    that is not ``word_dim``. One LSTM layer, as in the paper (the released code stacks two).
    """

    def __init__(
        self,
        *,
        words: int,
        answers: int,
        visual_dim: int,
        word_dim: int = 512,
        hidden: int = 512,
        fused: int = 1024,
        dropout: float = 0.5,
        variance: str = "none",
        variance_input: str = "logits",
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, word_dim, padding_idx=0)
        same = word_dim == hidden
        self.word_map = nn.Identity() if same else nn.Linear(word_dim, hidden, bias=False)
        self.phrases = PhraseEncoder(hidden)
        self.encoder = nn.LSTM(hidden, hidden, batch_first=True)
        self.visual_map = nn.Linear(visual_dim, hidden)
        self.levels = nn.ModuleList(CoAttention(hidden) for _ in range(3))
        self.fuse_words = nn.Linear(hidden, hidden)
        self.fuse_phrases = nn.Linear(2 * hidden, hidden)
        self.fuse_sentence = nn.Linear(2 * hidden, fused)
        self.head = AnswerHead(
            fused,
            answers,
            image_width=hidden,
            question_width=hidden,
            dropout=dropout,
            variance=variance,
            variance_input=variance_input,
        )

    def forward(self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]) -> Forward:
        there = present(tokens)
        cells = full_precision(torch.tanh(self.visual_map(spread(unit(visual)))))
        words, phrases, sentence, question = self.read(tokens, there)
        sums = []
        for level, of_level in zip(self.levels, (words, phrases, sentence), strict=True):
            attention, weights = level(cells, of_level, there)
            attended = attention.unsqueeze(-1) * cells
            image = attended.sum(1)
            sums.append(image + (weights.unsqueeze(-1) * of_level).sum(1))
        fused = self.fuse(*sums)
        combined = self.head.combine(fused, image=image, question=question)
        logits, variance = self.head(combined)
        return Forward(logits, attention, attended, visual, question, combined, variance)

    def read(
        self, tokens: Int[Tensor, "b t"], there: Bool[Tensor, "b t"]
    ) -> tuple[
        Float[Tensor, "b t h"], Float[Tensor, "b t h"], Float[Tensor, "b t h"], Float[Tensor, "b h"]
    ]:
        """Words, phrases, sentence, and the last state of the sentence, which is a part of it."""
        words = torch.tanh(self.word_map(self.embedding(tokens)))
        phrases = self.phrases(words) * there.unsqueeze(-1)
        sentence = states(self.encoder, phrases, there)
        question = sentence[:, -1]
        return words, phrases, torch.cat([sentence[:, :-1], question.unsqueeze(1)], 1), question

    def fuse(
        self,
        words: Float[Tensor, "b h"],
        phrases: Float[Tensor, "b h"],
        sentence: Float[Tensor, "b h"],
    ) -> Float[Tensor, "b c"]:
        """h_s, from the sums of attended words and cells of each level."""
        low = torch.tanh(self.fuse_words(words))
        middle = torch.tanh(self.fuse_phrases(torch.cat([phrases, low.to(phrases.dtype)], dim=-1)))
        top = torch.cat([sentence, middle.to(sentence.dtype)], dim=-1)
        return torch.tanh(self.fuse_sentence(top))
