"""The attention that the model used, as a map."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.explain.grid import as_grid
from vqax.explain.state import left_as_found
from vqax.models.forward import Forward


def attention(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
) -> Float[Tensor, "b h w"]:
    """``Forward.attention`` on the grid: weights in [0, 1] that sum to 1, the same for all answers.

    Raises:
        UsageError: the model has no attention, or the grid has not as many cells as it.
    """
    with left_as_found(model):
        forward = model(visual, tokens)
    return attention_of_forward(model, forward, answer, grid)


def attention_of_forward(
    model: nn.Module,
    forward: Forward,
    answer: Int[Tensor, "b"],  # noqa: ARG001  the signature all explainers of a pass share
    grid: tuple[int, int],
) -> Float[Tensor, "b h w"]:
    """``attention`` of a pass that was made."""
    return as_grid(attention_of(forward, model).detach(), grid)


def attention_of(forward: Forward, model: nn.Module) -> Float[Tensor, "b l"]:
    """The weights of a model that has some; raises UsageError, which names it, for others."""
    if forward.attention is None:
        raise UsageError(
            f"{type(model).__name__} has no attention to show; "
            "choose another explainer for it, for example grad_cam"
        )
    return forward.attention
