"""Grad-CAM of regions in the form of HINT and AttReg: one weight per region, summing to 1."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.explain.gradient import gradient_at, logit_of
from vqax.explain.grid import as_grid
from vqax.explain.state import left_as_found
from vqax.learning.regions import features_of


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
    with left_as_found(model):
        forward = model(visual.detach().clone().requires_grad_(), tokens)
        gradient = gradient_at(forward.visual, logit_of(forward.logits, answer), model)
    return as_grid(features_of(model, gradient).sum(dim=2).softmax(dim=1), grid)
