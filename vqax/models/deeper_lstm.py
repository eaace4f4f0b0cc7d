"""Deeper LSTM Q + norm I: no attention; two LSTM layers, all of whose states are the question.

The model that Interp and TopN look into: Lu et al. 2015, released as VQA_LSTM_CNN. Letters of
TopN: q is ``question``, I the image vector, A the combine layer

    q = [c₁, h₁, c₂, h₂]        I = tanh(W_v v/|v|)        A = tanh(W_q q) · I

with c and h the cell and hidden states of each layer after the last word.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from vqax.models.dropout import Dropout
from vqax.models.forward import Forward
from vqax.models.head import AnswerHead
from vqax.models.padding import present, rolled_left
from vqax.models.scale import spread, unit


class DeepEncoder(nn.Module):
    """Words (b, t, word_dim) to [c₁, h₁, c₂, h₂] (b, 4 · hidden); padding is not read.

    tanh before the first layer, dropout before tanh and between the layers, as in the released
    code, which embeds a word by a linear map of its one-hot vector. A question without words is
    read as one word of padding.
    """

    def __init__(self, word_dim: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.LSTM(word_dim, hidden, batch_first=True)
        self.second = nn.LSTM(hidden, hidden, batch_first=True)
        self.dropout = Dropout(dropout)

    def forward(
        self, words: Float[Tensor, "b t e"], there: Bool[Tensor, "b t"]
    ) -> Float[Tensor, "b q"]:
        padding = (~there).sum(1, keepdim=True)
        lengths = there.sum(1).clamp(min=1).cpu()
        aligned = rolled_left(torch.tanh(self.dropout(words)), padding)
        packed = pack_padded_sequence(aligned, lengths, batch_first=True, enforce_sorted=False)
        states, (first_hidden, first_cell) = self.first(packed)
        states = states._replace(data=self.dropout(states.data))
        _, (second_hidden, second_cell) = self.second(states)
        parts = (first_cell, first_hidden, second_cell, second_hidden)
        return torch.cat([part[-1] for part in parts], dim=1)


class DeeperLstm(nn.Module):
    """LSTM Q + I with a deeper question: ``attention`` is None, ``attended`` = visual / l.

    ``fused`` of ``combined`` is A, before the dropout of the head; ``image_vector`` and
    ``question_vector`` are its two factors. The default sizes are the released ones: q has 2048
    entries, A has 1024. Deviations: the image vector v is the mean of the grid cells where the
    code has fc7 of VGG-19, so that the answer has a gradient at the cells; its unit length is
    spread by √d, which the weights of the next layer undo (``spread``).
    """

    def __init__(
        self,
        *,
        words: int,
        answers: int,
        visual_dim: int,
        word_dim: int = 200,
        hidden: int = 512,
        fused: int = 1024,
        dropout: float = 0.5,
        variance: str = "none",
        variance_input: str = "logits",
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, word_dim, padding_idx=0)
        self.encoder = DeepEncoder(word_dim, hidden, dropout)
        self.visual_map = nn.Linear(visual_dim, fused)
        self.question_map = nn.Linear(4 * hidden, fused)
        self.dropout = Dropout(dropout)
        self.head = AnswerHead(
            fused,
            answers,
            image_width=fused,
            question_width=4 * hidden,
            dropout=dropout,
            variance=variance,
            variance_input=variance_input,
        )

    def forward(self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]) -> Forward:
        attended = visual / visual.shape[1]
        question = self.encoder(self.embedding(tokens), present(tokens))
        image = self.image_vector(attended.sum(1))
        fused = image * self.question_vector(question)
        combined = self.head.combine(fused, image=image, question=question)
        logits, variance = self.head(combined)
        return Forward(logits, None, attended, visual, question, combined, variance)

    def image_vector(self, mean: Float[Tensor, "b d"]) -> Float[Tensor, "b c"]:
        """I of the mean cell, entries in [-1, 1]."""
        return torch.tanh(self.visual_map(self.dropout(spread(unit(mean)))))

    def question_vector(self, question: Float[Tensor, "b q"]) -> Float[Tensor, "b c"]:
        """tanh(W_q q), entries in [-1, 1]."""
        return torch.tanh(self.question_map(self.dropout(question)))
