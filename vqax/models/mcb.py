"""Multimodal compact bilinear pooling with attention.

Fukui et al. 2016, figure 3: ψ(cell ⊗ question) for every cell, signed root, unit length, dropout;
two 1x1 convolutions give the attention; ψ(attended ⊗ question), signed root, unit length and,
in the head, dropout and the answers. Cells have unit length first, as in the code base of U-CAM
(the MCB code scales the whole image instead).
"""

from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.models.count_sketch import CompactBilinear
from vqax.models.forward import Forward
from vqax.models.glimpses import with_mean
from vqax.models.head import AnswerHead
from vqax.models.question_encoder import QuestionEncoder
from vqax.models.scale import full_precision, spread, spread_signed_sqrt, unit


class Mcb(nn.Module):
    """MCB with ``glimpses`` attention maps; ``attention`` is their mean.

    The attended maps of the glimpses stand side by side in ``attended`` (b, l, glimpses * d).
    The dropout before the attention drops the same entries for all cells of a sample, because a
    mask for each cell costs far more.
    The sketches are drawn from ``sketch_seed``; ``method`` is that of ``compact_bilinear``.
    """

    def __init__(
        self,
        *,
        words: int,
        answers: int,
        visual_dim: int,
        word_dim: int = 300,
        hidden: int = 1024,
        attention_sketch: int = 16000,
        attention_hidden: int = 512,
        sketch: int = 16000,
        glimpses: int = 2,
        dropout: float = 0.1,
        variance: str = "none",
        variance_input: str = "logits",
        sketch_seed: int = 0,
        method: str = "auto",
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, word_dim, padding_idx=0)
        self.encoder = QuestionEncoder(word_dim, hidden)
        self.attention_fusion = CompactBilinear(
            visual_dim, hidden, attention_sketch, seed=sketch_seed, method=method
        )
        self.attention_dropout = nn.Dropout1d(dropout)
        self.attention_map = nn.Sequential(
            nn.Linear(attention_sketch, attention_hidden),
            nn.ReLU(),
            nn.Linear(attention_hidden, glimpses),
        )
        self.fusion = CompactBilinear(
            glimpses * visual_dim, hidden, sketch, seed=sketch_seed + 2, method=method
        )
        self.head = AnswerHead(
            sketch,
            answers,
            image_width=glimpses * visual_dim,
            question_width=hidden,
            dropout=dropout,
            variance=variance,
            variance_input=variance_input,
        )

    def forward(self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]) -> Forward:
        cells = spread(unit(visual))
        question = self.encoder(self.embedding(tokens))
        attention, glimpses = self.attend(cells, question)
        attended = (glimpses.unsqueeze(-1) * cells.unsqueeze(2)).flatten(2)
        image = attended.sum(1)
        fused = spread_signed_sqrt(self.fusion(image.unsqueeze(1), question).squeeze(1))
        combined = self.head.combine(fused, image=image, question=question)
        logits, variance = self.head(combined)
        return Forward(logits, attention, attended, visual, question, combined, variance)

    def attend(
        self, cells: Float[Tensor, "b l d"], question: Float[Tensor, "b q"]
    ) -> tuple[Float[Tensor, "b l"], Float[Tensor, "b l g"]]:
        """The mean attention and the glimpses, each summing to 1 over the cells."""
        fused = spread_signed_sqrt(self.attention_fusion(cells, question))
        dropped = self.attention_dropout(fused.transpose(1, 2)).transpose(1, 2)
        return with_mean(full_precision(self.attention_map(dropped)).softmax(1))
