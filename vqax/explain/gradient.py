"""A pass with a graph, and the slope of an answer at what the model looked at."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.explain.answers import of_answer
from vqax.explain.state import left_as_found
from vqax.models.forward import Forward


def forward_with_graph(
    model: nn.Module, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]
) -> Forward:
    """One pass in evaluation mode, with gradients at the cells and at nothing before them.

    The graph lives as long as the ``Forward`` does. The model is left as found.
    """
    with left_as_found(model):
        forward: Forward = model(visual.detach().clone().requires_grad_(), tokens)
    return forward


def gradient_at(
    node: Float[Tensor, "b *n"],
    scores: Float[Tensor, "b"],
    model: nn.Module,
    *,
    name: str = "visual",
    retain_graph: bool = False,
) -> Float[Tensor, "b *n"]:
    """∂score/∂node of each question by itself; ``retain_graph`` if the graph is still needed after.

    Raises:
        UsageError: the scores do not depend on ``node``, which is ``Forward.<name>``, through
            differentiable operations.
    """
    if scores.requires_grad and node.requires_grad:
        (gradient,) = torch.autograd.grad(
            scores.sum(), node, retain_graph=retain_graph, allow_unused=True
        )
        if gradient is not None:
            return gradient
    raise UsageError(
        f"no gradient reaches the {name} cells of {type(model).__name__}; its Forward must hold "
        f"the {name} tensor that the logits were computed from, without detach or no_grad"
    )


def logit_of(logits: Float[Tensor, "b a"], answer: Int[Tensor, "b"]) -> Float[Tensor, "b"]:
    """The logit of each question's answer, before softmax; errors as ``of_answer``."""
    return of_answer(logits, answer)
