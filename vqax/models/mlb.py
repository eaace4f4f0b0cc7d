"""Multimodal low-rank bilinear attention network.

Kim et al. 2017, equations 8 to 10. The low-rank bilinear form of x and y is the Hadamard product
tanh(U x) · tanh(V y):

    p_g = softmax_l(w_g (tanh(U q) · tanh(V v_l)))      attended_gl = p_gl v_l
    fused = [tanh(V_g Σ_l attended_gl)]_g · tanh(W q)

tanh stands where MCB has the signed root and unit length. Cells have unit length first, as for
the other models here.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.models.forward import Forward
from vqax.models.glimpses import with_mean
from vqax.models.head import AnswerHead
from vqax.models.padding import present, states
from vqax.models.scale import full_precision, spread, unit


class Mlb(nn.Module):
    """MLB with ``glimpses`` attention maps; ``attention`` is their mean.

    The attended maps of the glimpses stand side by side in ``attended`` (b, l, glimpses * d),
    and their projections to ``common`` dimensions in ``combined``, as in the released code.
    The question vector is the last state of a GRU (skip-thought vectors in the paper).
    """

    def __init__(
        self,
        *,
        words: int,
        answers: int,
        visual_dim: int,
        word_dim: int = 620,
        hidden: int = 2400,
        common: int = 1200,
        glimpses: int = 2,
        dropout: float = 0.5,
        variance: str = "none",
        variance_input: str = "logits",
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, word_dim, padding_idx=0)
        self.encoder = nn.GRU(word_dim, hidden, batch_first=True)
        self.cell_map = nn.Linear(visual_dim, common)
        self.query_map = nn.Linear(hidden, common)
        self.score = nn.Linear(common, glimpses)
        self.visual_maps = nn.ModuleList(nn.Linear(visual_dim, common) for _ in range(glimpses))
        self.question_map = nn.Linear(hidden, glimpses * common)
        self.head = AnswerHead(
            glimpses * common,
            answers,
            image_width=glimpses * visual_dim,
            question_width=hidden,
            dropout=dropout,
            variance=variance,
            variance_input=variance_input,
        )

    def forward(self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]) -> Forward:
        cells = spread(unit(visual))
        question = states(self.encoder, self.embedding(tokens), present(tokens))[:, -1]
        attention, glimpses = self.attend(cells, question)
        attended = (glimpses.unsqueeze(-1) * cells.unsqueeze(2)).flatten(2)
        image = attended.sum(1)
        fused = self.fuse(image, question)
        combined = self.head.combine(fused, image=image, question=question)
        logits, variance = self.head(combined)
        return Forward(logits, attention, attended, visual, question, combined, variance)

    def attend(
        self, cells: Float[Tensor, "b l d"], question: Float[Tensor, "b q"]
    ) -> tuple[Float[Tensor, "b l"], Float[Tensor, "b l g"]]:
        """The mean attention and the glimpses, each summing to 1 over the cells."""
        query = torch.tanh(self.query_map(question)).unsqueeze(1)
        scores = self.score(torch.tanh(self.cell_map(cells)) * query)
        return with_mean(full_precision(scores).softmax(1))

    def fuse(
        self, image: Float[Tensor, "b v"], question: Float[Tensor, "b q"]
    ) -> Float[Tensor, "b c"]:
        """The Hadamard product of the attended images, one by one projected, and the question."""
        parts = image.chunk(len(self.visual_maps), dim=-1)
        projected = [one(part) for one, part in zip(self.visual_maps, parts, strict=True)]
        return torch.tanh(torch.cat(projected, dim=-1)) * torch.tanh(self.question_map(question))
