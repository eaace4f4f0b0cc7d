"""Stacked attention network: the question looks twice.

Yang et al. 2016: v = tanh(W_i visual); p = softmax(w tanh(W_v v + W_q u)); u <- u + Σ_l p_l v_l.
Cells have unit length first, as in the code base of U-CAM.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.models.forward import Forward
from vqax.models.head import AnswerHead
from vqax.models.question_encoder import QuestionEncoder
from vqax.models.scale import full_precision, spread, unit


class AttentionLayer(nn.Module):
    """One look: cells (b, l, h) and query (b, h) to weights (b, l) that sum to 1."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.cell_map = nn.Linear(width, hidden)
        self.query_map = nn.Linear(width, hidden, bias=False)
        self.score = nn.Linear(hidden, 1)

    def forward(
        self, cells: Float[Tensor, "b l h"], query: Float[Tensor, "b h"]
    ) -> Float[Tensor, "b l"]:
        joint = torch.tanh(self.cell_map(cells) + self.query_map(query).unsqueeze(1))
        return full_precision(self.score(joint)).squeeze(-1).softmax(-1)


class San(nn.Module):
    """Two looks; ``attention`` and ``attended`` are those of the second."""

    def __init__(
        self,
        *,
        words: int,
        answers: int,
        visual_dim: int,
        word_dim: int = 500,
        hidden: int = 1024,
        attention_dim: int = 512,
        dropout: float = 0.5,
        variance: str = "none",
        variance_input: str = "logits",
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, word_dim, padding_idx=0)
        self.encoder = QuestionEncoder(word_dim, hidden)
        self.visual_map = nn.Linear(visual_dim, hidden)
        self.first = AttentionLayer(hidden, attention_dim)
        self.second = AttentionLayer(hidden, attention_dim)
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
        question = self.encoder(self.embedding(tokens))
        cells = full_precision(torch.tanh(self.visual_map(spread(unit(visual)))))
        query = question + (self.first(cells, question).unsqueeze(-1) * cells).sum(1)
        attention = self.second(cells, query)
        attended = attention.unsqueeze(-1) * cells
        image = attended.sum(1)
        combined = self.head.combine(query + image, image=image, question=question)
        logits, variance = self.head(combined)
        return Forward(logits, attention, attended, visual, question, combined, variance)
