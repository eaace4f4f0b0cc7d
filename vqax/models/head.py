"""The stochastic end of a model: dropout, answer logits and the variance of the logits.

U-CAM, section III A and figure 3: the variance network reads the logits, softplus makes it
positive (equation 1). One variance per sample as in the released code ("scalar"), or one per
answer as the text says ("per_answer"). Section VI and figure 6: it may read the image alone or
the question alone instead.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vqax.errors import UsageError
from vqax.models.dropout import Dropout
from vqax.models.options import option
from vqax.models.scale import full_precision

VARIANCE_WIDTH: dict[str, Callable[[int], int]] = {
    "none": lambda answers: 0,  # noqa: ARG005
    "scalar": lambda answers: 1,  # noqa: ARG005
    "per_answer": lambda answers: answers,
}
VARIANCE_INPUTS = ("logits", "image", "question")


class AnswerHead(nn.Module):
    """``combined`` (any leading axes, c) to logits (…, a) and variance σ² (…, 1|a) or None.

    Every Monte-Carlo pass is one call of this module; nothing before it needs to be random.

    ``variance_input`` is what the variance network reads. logits: of the fused image and
    question. image: the pooled attended image. question: the question vector. The last two
    stand in ``combined`` behind the ``width`` entries that the answer reads, where ``combine``
    puts them, so the dropout of a pass falls on both parts. From image a gradient of σ² reaches
    the attended map as from logits. From question it does not: there the uncertainty loss
    reaches the attended map through the logits that it distorts alone, so a certainty gradient
    holds no ∂σ²/∂f. ``layer`` is the kind of map from ``width`` to the answers.

    Raises:
        UsageError: ``variance`` or ``variance_input`` is not known, or there is an input without
            a variance to read it.
    """

    def __init__(
        self,
        width: int,
        answers: int,
        *,
        image_width: int,
        question_width: int,
        dropout: float,
        variance: str,
        variance_input: str = "logits",
        layer: type[nn.Linear] = nn.Linear,
    ) -> None:
        super().__init__()
        outputs = option(VARIANCE_WIDTH, variance, "variance")(answers)
        widths = dict(zip(VARIANCE_INPUTS, (answers, image_width, question_width), strict=True))
        read = option(widths, variance_input, "variance_input")
        if variance_input != "logits" and not outputs:
            raise UsageError(
                f"variance_input: {variance_input!r} needs a variance that reads it, and variance "
                "is none; make it scalar or per_answer, or leave variance_input at logits"
            )
        self.variance_input = variance_input
        self.dropout = Dropout(dropout)
        self.answer = layer(width, answers)
        self.variance = nn.Linear(read, outputs) if outputs else None

    def combine(
        self,
        fused: Float[Tensor, "*b c1"],
        *,
        image: Float[Tensor, "*b v"],
        question: Float[Tensor, "*b q"],
    ) -> Float[Tensor, "*b c"]:
        """``combined``: ``fused``, and beside it what else the variance network reads."""
        if self.variance_input == "logits":
            return fused
        beside = {"image": image, "question": question}[self.variance_input]
        return torch.cat([fused, beside.to(fused.dtype)], dim=-1)

    def forward(
        self, combined: Float[Tensor, "*b c"]
    ) -> tuple[Float[Tensor, "*b a"], Float[Tensor, "*b v"] | None]:
        dropped = self.dropout(combined)
        width = self.answer.in_features
        logits = self.answer(dropped[..., :width])
        if self.variance is None:
            return logits, None
        read = logits if self.variance_input == "logits" else dropped[..., width:]
        return logits, functional.softplus(full_precision(self.variance(read)))
