"""The last state of an LSTM over the words of a question.

Embedding, tanh, LSTM as in MCB (Fukui et al. 2016) and Show-Ask-Attend-Answer, the code base of
U-CAM. Questions are padded on the left with word 0, whose embedding is zero, so the last state
has read the last word; as in those codes the padding is not masked.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class QuestionEncoder(nn.Module):
    """Embedded words (b, t, word_dim) to a question vector (b, hidden) with entries in [-1, 1]."""

    def __init__(self, word_dim: int, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(word_dim, hidden, batch_first=True)

    def forward(self, words: Float[Tensor, "b t e"]) -> Float[Tensor, "b q"]:
        _, (state, _) = self.lstm(torch.tanh(words))
        return state[-1]
