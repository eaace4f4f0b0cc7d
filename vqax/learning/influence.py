"""How much each region moves the score of an answer: a slope that a loss may be put on.

Selvaraju et al. 2019 (HINT) and Wu and Mooney 2019 (SCR): the influence of region l is
Σ_d ∂y/∂v_ld, with y the sum of the logits of all answers that an annotator gave.
"""

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.learning.batches import Batch
from vqax.learning.objective import Objective, Step
from vqax.learning.regions import features_of
from vqax.models.forward import Forward

NO_DERIVATIVE = "torch::autograd::Error"
"""What ``once_differentiable`` leaves in the graph; ``autograd.grad`` passes it over silently."""


def with_slopes(model: nn.Module, batch: Batch) -> Forward:
    """The forward pass, with regions that gradients can be taken at."""
    output: Forward = model(batch.visual.detach().requires_grad_(), batch.tokens)
    return output


def given_answers(
    logits: Float[Tensor, "b a"], targets: Float[Tensor, "b a"]
) -> Float[Tensor, "b"]:
    """The sum of the logits of all answers that somebody gave."""
    return (logits * (targets > 0)).sum(1)


def influence(
    model: nn.Module, output: Forward, scores: Float[Tensor, "b"], *, retain_graph: bool = True
) -> Float[Tensor, "b l"]:
    """Σ_d ∂score/∂visual of each region; ``retain_graph``: differentiable, as a loss needs it."""
    (slope,) = torch.autograd.grad(
        scores.sum(), output.visual, create_graph=retain_graph, retain_graph=True
    )
    return features_of(model, slope).sum(-1)


def differentiated_twice(name: str, objective: Objective) -> Objective:
    """The objective; rehearsed, without gradients, it looks whether the model has second ones.

    Raises:
        UsageError: when rehearsed, a layer of the model has no second derivative.
    """

    def checked(model: nn.Module, batch: Batch, generator: torch.Generator) -> Step:
        if torch.is_grad_enabled():
            return objective(model, batch, generator)
        with torch.enable_grad():
            step = objective(model, batch, generator)
        if any(node.name() == NO_DERIVATIVE for node in nodes_below(step.loss)):
            raise UsageError(
                f"objective {name}: it puts a loss on gradients, and a layer of "
                f"{type(model).__name__} has no second derivative; use a model such as updn or san"
            )
        return step

    return checked


def nodes_below(loss: Float[Tensor, ""]) -> Iterator[Any]:
    """Every function that the loss came from."""
    seen, left = set(), [loss.grad_fn]
    while left:
        node = left.pop()
        if node is not None and node not in seen:
            seen.add(node)
            yield node
            left += [before for before, _ in node.next_functions]
