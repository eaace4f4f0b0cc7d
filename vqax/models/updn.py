"""Bottom-up and top-down attention over regions.

Anderson et al. 2018, in the form of the public PyTorch code that AttReg, LMH and most work on
changing priors start from: every map is a weight-normed layer with a ReLU,

    p = softmax_l(w · (V v_l ∘ Q q))      attended_l = p_l v_l
    fused = V' Σ_l attended_l ∘ Q' q      logits = W₂ dropout(W₁ fused)

with q the last state of a GRU over the words. Question and image are read as they are: the
padding goes through the GRU, and cells keep their length.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.models.dropout import Dropout
from vqax.models.forward import Forward
from vqax.models.hidden_head import HiddenHead
from vqax.models.padding import last_state
from vqax.models.scale import full_precision, spread, unit
from vqax.models.weight_norm import NormedLinear


class UpDn(nn.Module):
    """UpDn; the defaults are the published sizes.

    ``attention`` False gives every region the weight 1/l ("without visual attention", AttReg
    table 7). ``att_norm`` is the switch of that name in the released AttReg code, where it is
    on: the answer reads the mean of the regions while the unused, untrained weights still stand
    in ``Forward.attention``. Either way the layers of the attention stay, so that weights fit.
    ``unit_cells`` brings regions to unit length first, as the models of grid cells do.
    The dropout before the attention drops the same entries for all regions of a sample.
    """

    def __init__(
        self,
        *,
        words: int,
        answers: int,
        visual_dim: int,
        word_dim: int = 300,
        hidden: int = 1024,
        classifier: int = 2048,
        attention_dropout: float = 0.2,
        dropout: float = 0.5,
        attention: bool = True,
        att_norm: bool = False,
        unit_cells: bool = False,
        variance: str = "none",
        variance_input: str = "logits",
    ) -> None:
        super().__init__()
        self.uses_attention, self.att_norm, self.unit_cells = attention, att_norm, unit_cells
        self.embedding = nn.Embedding(words, word_dim, padding_idx=0)
        self.encoder = nn.GRU(word_dim, hidden, batch_first=True)
        self.cell_map = NormedLinear(visual_dim, hidden)
        self.query_map = NormedLinear(hidden, hidden)
        self.attention_dropout = Dropout(attention_dropout)
        self.score = NormedLinear(hidden, 1)
        self.question_map = NormedLinear(hidden, hidden)
        self.visual_map = NormedLinear(visual_dim, hidden)
        self.head = HiddenHead(
            hidden,
            answers,
            hidden=classifier,
            image_width=visual_dim,
            question_width=hidden,
            dropout=dropout,
            variance=variance,
            variance_input=variance_input,
        )

    def forward(self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]) -> Forward:
        cells = spread(unit(visual)) if self.unit_cells else visual
        question = last_state(self.encoder, self.embedding, tokens)
        attention = self.attend(cells, question)
        used = torch.full_like(attention, 1 / cells.shape[1]) if self.att_norm else attention
        attended = used.unsqueeze(-1) * cells
        image = attended.sum(1)
        fused = self.question_map(question).relu() * self.visual_map(image).relu()
        combined = self.head.combine(fused, image=image, question=question)
        logits, variance = self.head(combined)
        return Forward(logits, attention, attended, visual, question, combined, variance)

    def attend(
        self, cells: Float[Tensor, "b l d"], question: Float[Tensor, "b q"]
    ) -> Float[Tensor, "b l"]:
        """The weights of the regions, which sum to 1."""
        if not self.uses_attention:
            return full_precision(cells).new_full(cells.shape[:2], 1 / cells.shape[1])
        query = self.attention_dropout(self.query_map(question).relu())
        joint = self.cell_map(cells).relu() * query.unsqueeze(1)
        return full_precision(self.score(joint)).squeeze(-1).softmax(-1)
