"""UpDn beside a branch that answers from the question alone: RUBi.

Cadene et al. 2019, section 3: the branch masks the logits during training, y ∘ σ(branch(q)), so
that the model need not learn what the question alone gives away. The question is detached: the
branch does not teach the encoder. A trained model answers with its plain logits.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vqax.models.updn import UpDn


class QuestionBranch(nn.Module):
    """q (b, q) to a mask σ(MLP(q)) in (0, 1) and the branch's own logits, one for each answer."""

    def __init__(self, width: int, answers: int, hidden: int) -> None:
        super().__init__()
        self.logits = nn.Sequential(
            nn.Linear(width, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, answers),
        )
        self.answer = nn.Linear(answers, answers)

    def forward(
        self, question: Float[Tensor, "b q"]
    ) -> tuple[Float[Tensor, "b a"], Float[Tensor, "b a"]]:
        found = self.logits(question.detach())
        return torch.sigmoid(found), self.answer(found)


class Rubi(UpDn):
    """UpDn with a ``question_branch``, for the losses ``rubi`` and ``rubi_cross_entropy``."""

    def __init__(
        self, *, answers: int, hidden: int = 1024, branch: int = 1024, **options: Any
    ) -> None:
        super().__init__(answers=answers, hidden=hidden, **options)
        self.question_branch = QuestionBranch(hidden, answers, branch)
