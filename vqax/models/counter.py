"""Attention over regions with a count of what it falls on.

Zhang, Hare and Prügel-Bennett 2018, section 6.2: the model of Kazemi and Elqursh 2017 with the
counting component beside the attended image. Two vectors meet in

    fuse(x, y) = ReLU(x + y) - (x - y)²

    p_g = softmax_l(w_g · fuse(V v_l, Q q))
    fused = norm(fuse(V' [Σ_l p_gl v_l]_g, Q' q) + norm(ReLU(C count)))
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.models.counting import Counting
from vqax.models.dropout import Dropout
from vqax.models.forward import BOX, Forward
from vqax.models.glimpses import with_mean
from vqax.models.head import AnswerHead
from vqax.models.padding import last_state
from vqax.models.scale import full_precision, spread, unit


class Counter(nn.Module):
    """Counts with the logits of the first glimpse; ``attention`` is the mean of the glimpses.

    The last four channels of ``visual`` are the box of a region, x1, y1, x2, y2 as shares of
    the image's width and height; ``visual_dim`` counts them. Features have unit length first.
    The released code normalises ``fused`` and the count over the batch; here each sample is
    normalised by itself, so that it stays alone. Dropout within the attention drops the same
    entries for all regions of a sample.

    Raises:
        UsageError: ``visual_dim`` leaves no room for features beside the box.
    """

    reads_boxes = True

    def __init__(
        self,
        *,
        words: int,
        answers: int,
        visual_dim: int,
        word_dim: int = 300,
        hidden: int = 1024,
        attention_dim: int = 512,
        fused: int = 1024,
        glimpses: int = 2,
        objects: int = 10,
        inner_dropout: float = 0.5,
        dropout: float = 0.5,
        variance: str = "none",
        variance_input: str = "logits",
    ) -> None:
        super().__init__()
        features = visual_dim - BOX
        if features < 1:
            raise UsageError(
                f"visual_dim: {visual_dim} channels are no more than the {BOX} of a box; give "
                "the model features with their boxes behind them, as of a region file"
            )
        self.embedding = nn.Embedding(words, word_dim, padding_idx=0)
        self.encoder = nn.GRU(word_dim, hidden, batch_first=True)
        self.dropout = Dropout(inner_dropout)
        self.cell_map = nn.Linear(features, attention_dim, bias=False)
        self.query_map = nn.Linear(hidden, attention_dim)
        self.score = nn.Linear(attention_dim, glimpses)
        self.counting = Counting(objects)
        self.visual_map = nn.Linear(glimpses * features, fused)
        self.question_map = nn.Linear(hidden, fused)
        self.count_map = nn.Linear(objects + 1, fused)
        self.count_norm, self.norm = nn.LayerNorm(fused), nn.LayerNorm(fused)
        self.head = AnswerHead(
            fused,
            answers,
            image_width=glimpses * features,
            question_width=hidden,
            dropout=dropout,
            variance=variance,
            variance_input=variance_input,
        )

    def forward(self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]) -> Forward:
        cells, boxes = spread(unit(visual[..., :-BOX])), visual[..., -BOX:]
        question = last_state(self.encoder, lambda words: torch.tanh(self.embedding(words)), tokens)
        scores = self.scores(cells, question)
        attention, glimpses = with_mean(scores.softmax(1))
        attended = (glimpses.unsqueeze(-1) * cells.unsqueeze(2)).flatten(2)
        image = attended.sum(1)
        count = self.counting(boxes, scores[..., 0])
        joint = fuse(
            self.visual_map(self.dropout(image)), self.question_map(self.dropout(question))
        )
        fused = self.norm(joint + self.count_norm(self.count_map(count).relu()))
        combined = self.head.combine(fused, image=image, question=question)
        logits, variance = self.head(combined)
        return Forward(logits, attention, attended, visual, question, combined, variance)

    def scores(
        self, cells: Float[Tensor, "b l d"], question: Float[Tensor, "b q"]
    ) -> Float[Tensor, "b l g"]:
        """The logits of the glimpses, before the softmax over the regions."""
        query = self.query_map(self.dropout(question)).unsqueeze(1)
        joint = fuse(self.cell_map(cells), query)
        kept = self.dropout(torch.ones_like(joint[:, :1]))
        return full_precision(self.score(joint * kept))


def fuse(x: Float[Tensor, "*#b d"], y: Float[Tensor, "*#b d"]) -> Float[Tensor, "*#b d"]:
    """ReLU(x + y) - (x - y)²."""
    return (x + y).relu() - (x - y).square()
