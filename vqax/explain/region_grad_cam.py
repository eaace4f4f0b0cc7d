"""Grad-CAM of regions in the form of HINT and AttReg: one weight per region, summing to 1."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.explain.gradient import forward_with_graph, gradient_at, logit_of
from vqax.explain.grid import as_grid
from vqax.explain.state import left_as_found
from vqax.learning.regions import features_of
from vqax.models.forward import Forward


def region_grad_cam(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
) -> Float[Tensor, "b h w"]:
    """softmax over the regions of Σ_d ∂y_answer/∂v_ld, positive and summing to 1.

    The gradient alone, not times the features as in ``grad_cam``. y is the logit.

    Raises:
        UsageError: the logits do not depend on ``visual`` through differentiable operations, or
            the grid has not as many cells as the model saw.
    """
    return region_grad_cam_of_forward(
        model, forward_with_graph(model, visual, tokens), answer, grid
    )


def region_grad_cam_of_forward(
    model: nn.Module, forward: Forward, answer: Int[Tensor, "b"], grid: tuple[int, int]
) -> Float[Tensor, "b h w"]:
    """``region_grad_cam`` of a pass that was made with ``forward_with_graph``."""
    return as_grid(summed_gradient(model, forward, answer).softmax(dim=1), grid)


def region_gradient(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
) -> Float[Tensor, "b h w"]:
    """|Σ_d ∂y_answer/∂v_ld|: ``region_grad_cam`` without the sign, 0 or more.

    The lowest weights of that one are the regions that speak most against the answer, so taking
    them away moves it as well.

    Raises:
        UsageError: as ``region_grad_cam``.
    """
    return region_gradient_of_forward(
        model, forward_with_graph(model, visual, tokens), answer, grid
    )


def region_gradient_of_forward(
    model: nn.Module, forward: Forward, answer: Int[Tensor, "b"], grid: tuple[int, int]
) -> Float[Tensor, "b h w"]:
    """``region_gradient`` of a pass that was made with ``forward_with_graph``."""
    return as_grid(summed_gradient(model, forward, answer).abs(), grid)


def summed_gradient(
    model: nn.Module, forward: Forward, answer: Int[Tensor, "b"]
) -> Float[Tensor, "b l"]:
    """Σ_d ∂y_answer/∂v_ld of each region, signed; of features, not of boxes. The graph stays."""
    with left_as_found(model):
        score = logit_of(forward.logits, answer)
        gradient = gradient_at(forward.visual, score, model, retain_graph=True)
    return features_of(model, gradient).sum(dim=2)
