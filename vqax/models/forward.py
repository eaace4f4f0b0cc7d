"""The contract between a VQA model and everything that looks at it."""

from typing import NamedTuple, Protocol

from jaxtyping import Float, Int
from torch import Tensor

BOX = 4
"""Channels of a box, behind the features, in what a model with ``reads_boxes`` is given."""


class Forward(NamedTuple):
    """What every model returns, and the only thing an explainer knows.

    ``attended`` is the attended map f of U-CAM: the cells already weighted by the attention,
    before they are summed. ``visual`` is the very tensor the model was given, so gradients
    with respect to it are gradients with respect to the grid cells or regions. ``combined`` is
    all that ``head`` reads: the fused vector, and behind it the image or the question where the
    variance is of one of them.
    """

    logits: Float[Tensor, "b a"]
    attention: Float[Tensor, "b l"] | None
    attended: Float[Tensor, "b l d"]
    visual: Float[Tensor, "b l d_in"]
    question: Float[Tensor, "b q"]
    combined: Float[Tensor, "b c"]
    variance: Float[Tensor, "b v"] | None

    def detached(self) -> "Forward":
        """The same numbers without the graph that made them."""
        return Forward._make(None if part is None else part.detach() for part in self)


class VqaModel(Protocol):
    """A model the learning and explaining code can use.

    ``head`` is the stochastic part (dropout, answer logits, variance): Monte-Carlo passes
    repeat it alone. It accepts any leading dimensions.
    """

    def __call__(self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]) -> Forward: ...

    def head(
        self, combined: Float[Tensor, "*b c"]
    ) -> tuple[Float[Tensor, "*b a"], Float[Tensor, "*b v"] | None]: ...
