"""LayerCAM on the cells that the model was given (Jiang et al. 2021): a weight for every place."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.explain.gradient import forward_with_graph, gradient_at, logit_of
from vqax.explain.grid import as_grid
from vqax.explain.state import left_as_found
from vqax.learning.regions import features_of
from vqax.models.forward import Forward


def layer_cam(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
) -> Float[Tensor, "b h w"]:
    """Σ_k ReLU(∂y_answer/∂A_lk) A_lk, signed; the published map is its ReLU (equations 5 and 6).

    Raises:
        UsageError: as ``grad_cam``.
    """
    return layer_cam_of_forward(model, forward_with_graph(model, visual, tokens), answer, grid)


def layer_cam_of_forward(
    model: nn.Module, forward: Forward, answer: Int[Tensor, "b"], grid: tuple[int, int]
) -> Float[Tensor, "b h w"]:
    """``layer_cam`` of a pass that was made with ``forward_with_graph``, whose graph stays."""
    with left_as_found(model):
        score = logit_of(forward.logits, answer)
        gradient = gradient_at(forward.visual, score, model, retain_graph=True)
    cells = features_of(model, forward.visual.detach())
    return as_grid((features_of(model, gradient).relu() * cells).sum(dim=2), grid)
