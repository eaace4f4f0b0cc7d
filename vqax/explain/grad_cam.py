"""Grad-CAM on the cells that the model was given (Selvaraju et al. 2017)."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.explain.gradient import forward_with_graph, gradient_at, logit_of
from vqax.explain.grid import as_grid
from vqax.explain.state import left_as_found
from vqax.learning.regions import features_of
from vqax.models.forward import Forward


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
    return grad_cam_of_forward(model, forward_with_graph(model, visual, tokens), answer, grid)


def grad_cam_of_forward(
    model: nn.Module, forward: Forward, answer: Int[Tensor, "b"], grid: tuple[int, int]
) -> Float[Tensor, "b h w"]:
    """``grad_cam`` of a pass that was made with ``forward_with_graph``, whose graph stays."""
    with left_as_found(model):
        score = logit_of(forward.logits, answer)
        gradient = gradient_at(forward.visual, score, model, retain_graph=True)
    weights = features_of(model, gradient).mean(dim=1, keepdim=True)
    cells = features_of(model, forward.visual.detach())
    return as_grid((weights * cells).sum(dim=2), grid)
