"""What an explainer is, and what a model must offer for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from vqax.explain.answers import check_answers
from vqax.models.forward import Forward
from vqax.models.options import known

NEEDS = ("attention", "gradient", "layers", "pixels", "question", "rectifier", "variance")


@dataclass(frozen=True)
class Explainer:
    """A method of the family: call it as (model, visual, tokens, answer, grid) for maps (b,h,w).

    ``needs``, out of ``NEEDS``: attention or variance, ``Forward`` has it; gradient, the logits
    are differentiable at the cells; layers, the model shows the attention of its layers
    (``vqax.models.attention_layers``); pixels, the model is a ``PixelModel``, ``visual`` are
    images (b,3,y,x), and the maps have their size; question, ``Forward.combined`` is computed
    from ``Forward.question``; rectifier, there is one, without which a rule for its backward pass
    changes nothing. Options of a method are keyword arguments.
    Maps are raw: signed where the method is, and never scaled.

    ``of_forward``, where a method needs no more than one pass, makes the same maps of a pass that
    was made with ``forward_with_graph``: (model, forward, answer, grid). It leaves the graph there,
    so several methods may share a pass.

    Raises:
        UsageError: a need that is not one of ``NEEDS``; when called, not one answer a question.
    """

    compute: Callable[..., Tensor]
    needs: frozenset[str] = frozenset()
    of_forward: Callable[..., Tensor] | None = None

    def __post_init__(self) -> None:
        for need in self.needs:
            known(NEEDS, need, "needs")

    def __call__(
        self,
        model: nn.Module,
        visual: Tensor,
        tokens: Tensor,
        answer: Tensor,
        grid: tuple[int, int],
        **options: Any,
    ) -> Tensor:
        check_answers(answer, len(tokens))
        return self.compute(model, visual, tokens, answer, grid, **options)

    def lacks(
        self,
        forward: Forward,
        *,
        pixels: bool = False,
        gradient: bool = True,
        layers: bool = False,
        question: bool = True,
        rectifier: bool = True,
    ) -> frozenset[str]:
        """The needs that a model with such a ``forward`` does not meet; none: it can be used."""
        return self.needs - offered(
            forward,
            pixels=pixels,
            gradient=gradient,
            layers=layers,
            question=question,
            rectifier=rectifier,
        )


def offered(
    forward: Forward,
    *,
    pixels: bool = False,
    gradient: bool = True,
    layers: bool = False,
    question: bool = True,
    rectifier: bool = True,
) -> frozenset[str]:
    """What there is to explain a model by.

    ``pixels`` if its image encoder and images are at hand, ``gradient`` unless it is a black box,
    ``layers`` if it ``shows_layers``, ``question`` if what the head reads is computed from it,
    ``rectifier`` if its passes have one (``vqax.explain.relu_rules.Rectifiers``).
    """
    there = {
        "attention": forward.attention is not None,
        "gradient": gradient,
        "layers": layers,
        "pixels": pixels,
        "question": question,
        "rectifier": rectifier,
        "variance": forward.variance is not None,
    }
    return frozenset(need for need, met in there.items() if met)
