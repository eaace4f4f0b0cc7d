"""What an explainer of words is: the same contract as of maps, but for what it returns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from vqax.explain.answers import check_answers
from vqax.explain.explainer import NEEDS, offered
from vqax.models.forward import Forward
from vqax.models.options import known


@dataclass(frozen=True)
class WordExplainer:
    """A method: call it as (model, visual, tokens, answer) for one number per word, (b,t).

    ``needs`` as of ``Explainer``, where gradient says that the logits are differentiable at the
    words. Numbers are raw: signed where the method is, never scaled, and 0 at the padding.

    Raises:
        UsageError: a need that is not one of ``NEEDS``; when called, not one answer a question.
    """

    compute: Callable[..., Tensor]
    needs: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for need in self.needs:
            known(NEEDS, need, "needs")

    def __call__(
        self, model: nn.Module, visual: Tensor, tokens: Tensor, answer: Tensor, **options: Any
    ) -> Tensor:
        check_answers(answer, len(tokens))
        return self.compute(model, visual, tokens, answer, **options)

    def lacks(
        self, forward: Forward, *, gradient: bool = True, rectifier: bool = True
    ) -> frozenset[str]:
        """The needs that a model with such a ``forward`` does not meet; none: it can be used."""
        return self.needs - offered(forward, gradient=gradient, rectifier=rectifier)
