"""The stochastic end of a model: dropout, answer logits and the variance of the logits.

U-CAM, section III A and figure 3: the variance network reads the logits, softplus makes it
positive (equation 1). One variance per sample as in the released code ("scalar"), or one per
answer as the text says ("per_answer").
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vqax.models.dropout import Dropout
from vqax.models.options import option
from vqax.models.scale import full_precision

VARIANCE_WIDTH: dict[str, Callable[[int], int]] = {
    "none": lambda answers: 0,  # noqa: ARG005
    "scalar": lambda answers: 1,  # noqa: ARG005
    "per_answer": lambda answers: answers,
}


class AnswerHead(nn.Module):
    """``combined`` (any leading axes, c) to logits (…, a) and variance σ² (…, 1|a) or None.

    Every Monte-Carlo pass is one call of this module; nothing before it needs to be random.

    Raises:
        UsageError: ``variance`` is not none, scalar or per_answer.
    """

    def __init__(self, width: int, answers: int, *, dropout: float, variance: str) -> None:
        super().__init__()
        outputs = option(VARIANCE_WIDTH, variance, "variance")(answers)
        self.dropout = Dropout(dropout)
        self.answer = nn.Linear(width, answers)
        self.variance = nn.Linear(answers, outputs) if outputs else None

    def forward(
        self, combined: Float[Tensor, "*b c"]
    ) -> tuple[Float[Tensor, "*b a"], Float[Tensor, "*b v"] | None]:
        logits = self.answer(self.dropout(combined))
        if self.variance is None:
            return logits, None
        return logits, functional.softplus(full_precision(self.variance(logits)))
