"""Grad-CAM++ on the cells that the model was given (Chattopadhay et al. 2018).

w_k = Σ_l α_lk ReLU(g_lk) with g = ∂y/∂A and α_lk = g² / (2 g² + Σ_m A_mk g³), equation 19, which
holds for exp(y), whose higher derivatives are powers of the first. Where the denominator is 0, or
below it, α is as published: 0 where g is, else what the division gives.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.explain.gradient import forward_with_graph, gradient_at, logit_of
from vqax.explain.grid import as_grid
from vqax.explain.state import left_as_found
from vqax.learning.regions import features_of
from vqax.models.forward import Forward


def grad_cam_plus_plus(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
) -> Float[Tensor, "b h w"]:
    """Σ_k w_k A_lk, signed; the published map is its ReLU.

    Raises:
        UsageError: as ``grad_cam``.
    """
    return grad_cam_plus_plus_of_forward(
        model, forward_with_graph(model, visual, tokens), answer, grid
    )


def grad_cam_plus_plus_of_forward(
    model: nn.Module, forward: Forward, answer: Int[Tensor, "b"], grid: tuple[int, int]
) -> Float[Tensor, "b h w"]:
    """``grad_cam_plus_plus`` of a pass that was made with ``forward_with_graph``."""
    with left_as_found(model):
        score = logit_of(forward.logits, answer)
        gradient = features_of(model, gradient_at(forward.visual, score, model, retain_graph=True))
    cells = features_of(model, forward.visual.detach())
    below = 2 * gradient.square() + cells.sum(dim=1, keepdim=True) * gradient.pow(3)
    share = torch.where(below == 0, 0, gradient.square() / torch.where(below == 0, 1, below))
    weights = (share * gradient.relu()).sum(dim=1, keepdim=True)
    return as_grid((weights * cells).sum(dim=2), grid)
