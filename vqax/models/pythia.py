"""Pythia's combine layer over grid cells: the same gated product attends and fuses.

Jiang et al. 2018 (Pythia v0.1), sizes as in its successor mmf. The product of image and text is

    A(x, q) = ReLU(W x) ∘ ReLU(U q)

with weight-normed W and U (Salimans and Kingma 2016, one length for a whole matrix); p =
softmax_l(w A(v_l, q)) attends, and A of the attended image is what the answer reads: the combine
layer that TopN (Ummettuguli) opens. The question is read by an LSTM whose states are attended, too.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from vqax.models.forward import Forward
from vqax.models.head import AnswerHead
from vqax.models.padding import present, states
from vqax.models.scale import full_precision, spread, unit


def gate(width: int, outputs: int) -> nn.Sequential:
    """ReLU(W x + b) with W = g V/|V|, one length g for the matrix."""
    whole = weight_norm(nn.Linear(width, outputs), dim=None)  # type: ignore[arg-type]
    return nn.Sequential(whole, nn.ReLU())


class AttendedReader(nn.Module):
    """Words to [Σ_t a_gt h_t]_g with a_g = softmax_t(W ReLU(V h)); padding is not read."""

    def __init__(self, word_dim: int, hidden: int, glimpses: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(word_dim, hidden, batch_first=True)
        self.score = nn.Sequential(
            nn.Linear(hidden, hidden // 2), nn.ReLU(), nn.Linear(hidden // 2, glimpses)
        )

    def forward(
        self, words: Float[Tensor, "b t e"], tokens: Int[Tensor, "b t"]
    ) -> Float[Tensor, "b q"]:
        there = present(tokens)
        read = states(self.lstm, words, there)
        scores = full_precision(self.score(read))
        scores = scores.masked_fill(~there.unsqueeze(-1), torch.finfo(scores.dtype).min)
        return (scores.softmax(1).mT @ full_precision(read)).flatten(1)


class Pythia(nn.Module):
    """Pythia on a grid; ``combined`` is the fused product A, before the dropout of the head.

    Deviations: cells have unit length first, as for the other models here; the answer is linear in
    A, where mmf adds the logits of an image and a text branch.
    """

    def __init__(
        self,
        *,
        words: int,
        answers: int,
        visual_dim: int,
        word_dim: int = 300,
        hidden: int = 1024,
        glimpses: int = 2,
        fused: int = 5000,
        dropout: float = 0.5,
        variance: str = "none",
        variance_input: str = "logits",
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, word_dim, padding_idx=0)
        self.reader = AttendedReader(word_dim, hidden, glimpses)
        self.cell_gate = gate(visual_dim, fused)
        self.query_gate = gate(glimpses * hidden, fused)
        self.score = nn.Linear(fused, 1)
        self.visual_gate = gate(visual_dim, fused)
        self.question_gate = gate(glimpses * hidden, fused)
        self.head = AnswerHead(
            fused,
            answers,
            image_width=visual_dim,
            question_width=glimpses * hidden,
            dropout=dropout,
            variance=variance,
            variance_input=variance_input,
        )

    def forward(self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]) -> Forward:
        cells = spread(unit(visual))
        question = self.reader(self.embedding(tokens), tokens)
        attention = self.attend(cells, question)
        attended = attention.unsqueeze(-1) * cells
        image = attended.sum(1)
        fused = self.visual_gate(image) * self.question_gate(question)
        combined = self.head.combine(fused, image=image, question=question)
        logits, variance = self.head(combined)
        return Forward(logits, attention, attended, visual, question, combined, variance)

    def attend(
        self, cells: Float[Tensor, "b l d"], question: Float[Tensor, "b q"]
    ) -> Float[Tensor, "b l"]:
        """softmax_l(w A(v_l, q)), as a product with w ∘ ReLU(U q) so that A is not laid out."""
        query = self.query_gate(question) * self.score.weight[0]
        scores = (self.cell_gate(cells) @ query.unsqueeze(-1)).squeeze(-1)
        return full_precision(scores + self.score.bias).softmax(-1)
