"""Gradients at the words of a question (Interp, section 3.1), without a hook on the model.

The words are where the model looks its tokens up with ``torch.nn.functional.embedding``, as every
``nn.Embedding`` does. "We interpret the words/pixels with the highest (magnitude) gradients
received as the most important for the model". y is the logit before softmax, as in ``grad_cam``;
Interp takes the probability, which ``score`` can say.
"""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from vqax.errors import UsageError
from vqax.explain.occlusion_effect import score_of
from vqax.explain.pixels import below_pixels
from vqax.explain.relu_rules import ReluRule
from vqax.explain.state import left_as_found
from vqax.text.tokens import SPECIAL, SpecialTokens


class WordGradients(NamedTuple):
    """∂y/∂word and the words themselves; several embeddings of a word stand side by side."""

    gradients: Float[Tensor, "b t e"]
    words: Float[Tensor, "b t e"]


REDUCTIONS: dict[str, Callable[[WordGradients], Float[Tensor, "b t"]]] = {
    "norm": lambda at: at.gradients.norm(dim=2),
    "input": lambda at: (at.gradients * at.words).sum(dim=2),
}
"""|∂y/∂w|, a magnitude, or Σ_d ∂y/∂w_d w_d, signed: what y loses, to first order, without w."""


@dataclass(frozen=True, slots=True)
class GradientAtWords:
    """An explainer of words: by the backward rule ``rule``, reduced as ``reduction`` says."""

    rule: str | None
    reduction: str

    def __call__(
        self,
        model: nn.Module,
        visual: Float[Tensor, "b *cells"],
        tokens: Int[Tensor, "b t"],
        answer: Int[Tensor, "b"],
        *,
        score: str = "logit",
        special: SpecialTokens = SPECIAL,
    ) -> Float[Tensor, "b t"]:
        """A number for each word, 0 at the padding, whose index is the tokeniser's ``special``.

        Raises:
            UsageError: as ``word_gradients``.
        """
        found = word_gradients(model, visual, tokens, answer, rule=self.rule, score=score)
        return REDUCTIONS[self.reduction](found) * (tokens != special.padding)


word_gradient = GradientAtWords(None, "norm")
word_gradient_input = GradientAtWords(None, "input")
guided_word_gradient = GradientAtWords("guided", "norm")


def word_gradients(
    model: nn.Module,
    visual: Float[Tensor, "b *cells"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    *,
    rule: str | None = None,
    score: str = "logit",
) -> WordGradients:
    """∂y/∂word, if named by a rule of ``ReluRule``; ``visual``: cells, or of a ``PixelModel``.

    cuDNN, whose recurrent layers refuse a backward pass in evaluation mode, is off here.

    Raises:
        UsageError: the model looks no tokens up, its answer does not depend on them through
            differentiable operations, or score is not one of ``SCORES``.
    """
    caught = CatchWords(tokens)
    with left_as_found(model), torch.backends.cudnn.flags(enabled=False):
        model, visual = below_pixels(model, visual)
        with caught, ReluRule(rule) if rule else nullcontext():
            logits = model(visual, tokens).logits
        slopes = word_slopes(score_of(logits, answer, score), caught.words, model)
    return WordGradients(torch.cat(slopes, 2), torch.cat(caught.words, 2).detach())


def word_slopes(scores: Float[Tensor, "b"], words: list[Tensor], model: nn.Module) -> list[Tensor]:
    """∂score/∂word of each embedding of the words; raises UsageError where there is none."""
    if scores.requires_grad and words:
        slopes = torch.autograd.grad(scores.sum(), words, allow_unused=True)
        if any(slope is not None for slope in slopes):
            return [
                torch.zeros_like(word) if slope is None else slope
                for word, slope in zip(words, slopes, strict=True)
            ]
    raise UsageError(
        f"no gradient reaches the words of {type(model).__name__}; it must look up the tokens it "
        "is given with nn.Embedding and go on without detach or no_grad"
    )


class CatchWords(TorchFunctionMode):
    """Inside the block, the embeddings of ``tokens``, times ``scale``, are leaves in ``words``."""

    def __init__(self, tokens: Int[Tensor, "b t"], *, scale: float = 1.0) -> None:
        super().__init__()
        self.tokens, self.scale = tokens, scale
        self.words: list[Float[Tensor, "b t e"]] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        looked_up = LOOK_UPS[func](*args, **(kwargs or {})) if func in LOOK_UPS else None
        if looked_up is None or not self._ours(looked_up) or not torch.is_grad_enabled():
            return made
        self.words.append((made.detach() * self.scale).requires_grad_())
        return self.words[-1]

    def _ours(self, indices: Tensor) -> bool:
        return indices.shape == self.tokens.shape and torch.equal(indices, self.tokens)


def _of_function(input: Tensor, weight: Tensor, *args: Any, **kwargs: Any) -> Tensor:  # noqa: ARG001
    return input


def _of_operator(weight: Tensor, indices: Tensor, *args: Any, **kwargs: Any) -> Tensor:  # noqa: ARG001
    return indices


LOOK_UPS: dict[Callable[..., Any], Callable[..., Tensor]] = {
    functional.embedding: _of_function,
    torch.embedding: _of_operator,
}
