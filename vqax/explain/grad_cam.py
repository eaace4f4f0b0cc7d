"""Grad-CAM on the cells that the model was given (Selvaraju et al. 2017)."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.explain.gradient import gradient_at, logit_of
from vqax.explain.grid import as_grid
from vqax.explain.state import left_as_found
from vqax.learning.regions import features_of


def grad_cam(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
) -> Float[Tensor, "b h w"]:
    """α_k = mean over cells of ∂y_answer/∂A_k; map = Σ_k α_k A_k, with A = ``Forward.visual``.

    Channels that hold the box of a region are no features and are left out. y is the logit
    before softmax. The map is raw and signed, without scale or range: the published one is its
    ReLU, which ``vqax.metrics.resize.rectify`` and the drawings apply.

    Raises:
        UsageError: the logits do not depend on ``visual`` through differentiable operations, or
            the grid has not as many cells as the model saw.
    """
    with left_as_found(model):
        forward = model(visual.detach().clone().requires_grad_(), tokens)
        gradient = gradient_at(forward.visual, logit_of(forward.logits, answer), model)
    weights = features_of(model, gradient).mean(dim=1, keepdim=True)
    cells = features_of(model, forward.visual.detach())
    return as_grid((weights * cells).sum(dim=2), grid)
