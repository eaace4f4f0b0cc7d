"""The embedded words of a question, as the model under training looks them up."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

LOOK_UPS = (functional.embedding, torch.embedding)


class WatchWords(TorchFunctionMode):
    """Inside the block, every embedding of as many words as ``tokens`` is noted in ``words``.

    They stay where they are in the graph, so that what produced them is trained as ever.
    """

    def __init__(self, tokens: Int[Tensor, "b t"]) -> None:
        super().__init__()
        self.shape = tokens.shape
        self.words: list[Float[Tensor, "b t e"]] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        if func in LOOK_UPS and made.shape[:2] == self.shape and made.requires_grad:
            self.words.append(made)
        return made

    def slopes(self, scores: Float[Tensor, "b"]) -> Float[Tensor, "b t"]:
        """Σ_e ∂score/∂word of each word, as a constant; the graph is kept.

        0 where the embedding is frozen or does not reach the scores.
        """
        nothing = torch.zeros(self.shape, device=scores.device, dtype=scores.dtype)
        if not self.words:
            return nothing
        found = torch.autograd.grad(scores.sum(), self.words, retain_graph=True, allow_unused=True)
        return sum((slope.sum(-1) for slope in found if slope is not None), nothing)
