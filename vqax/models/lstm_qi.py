"""LSTM Q+I: no attention, the product of one image vector and one question vector.

Agrawal et al. 2015; sizes and order of the deeper LSTM Q + norm I code (facts: combine layer =
tanh(W_v v) · tanh(W_q q), image vector of unit length). Here the image vector is the mean of
the grid cells, so that all models read the same features.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.models.forward import Forward
from vqax.models.head import AnswerHead
from vqax.models.question_encoder import QuestionEncoder
from vqax.models.scale import spread, unit


class LstmQi(nn.Module):
    """The baseline that cannot look: ``attention`` is None, ``attended`` = visual / l.

    A variance of the image reads the image vector after its map.
    """

    def __init__(
        self,
        *,
        words: int,
        answers: int,
        visual_dim: int,
        word_dim: int = 300,
        hidden: int = 1024,
        fused: int = 1024,
        dropout: float = 0.5,
        variance: str = "none",
        variance_input: str = "logits",
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, word_dim, padding_idx=0)
        self.encoder = QuestionEncoder(word_dim, hidden)
        self.visual_map = nn.Linear(visual_dim, fused)
        self.question_map = nn.Linear(hidden, fused)
        self.head = AnswerHead(
            fused,
            answers,
            image_width=fused,
            question_width=hidden,
            dropout=dropout,
            variance=variance,
            variance_input=variance_input,
        )

    def forward(self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]) -> Forward:
        attended = visual / visual.shape[1]
        question = self.encoder(self.embedding(tokens))
        image = torch.tanh(self.visual_map(spread(unit(attended.sum(1)))))
        fused = image * torch.tanh(self.question_map(question))
        combined = self.head.combine(fused, image=image, question=question)
        logits, variance = self.head(combined)
        return Forward(logits, None, attended, visual, question, combined, variance)
