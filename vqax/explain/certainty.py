"""The certainty mask of U-CAM as an explanation of an answer already given.

Table III of the paper lists an "aleatoric mask" and a "predictive mask" without defining them.
Section IV-A: "Besides training, we also use these gradients to obtain visualizations describing
important regions responsible for answer prediction". So they are read here as equations 6 to 8 at
test time, with the answer that is explained as the label: of the data uncertainty (equations 2
and 3) or of the predictive one (equations 4 and 5). The other reading, after the caption ("our
explanation mask using Grad-CAM"), is ``grad_cam`` of a model trained with A-GCA or P-GCA.

The paper does not give λ. The order of the cells does not depend on it, the contrast does: λ = 1
makes a mask that single precision cannot tell from 1/l. Here λ = gain / max_l |c_l| of each
question. Where both losses want more of a cell, the product of equation 6 is positive and -λ turns
it into a low certainty; ``CertaintySettings(gain=-1)`` is the opposite.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from vqax.explain.answers import check_answers
from vqax.explain.gradient import forward_with_graph, gradient_at
from vqax.explain.grid import as_grid
from vqax.explain.state import left_as_found, seed_draws, start_sampling
from vqax.learning.certainty import (
    REDUCTIONS,
    Cells,
    CertaintySettings,
    injection_node,
    mask_of,
)
from vqax.learning.sampling import sample_noise, variance_of
from vqax.learning.uncertainty import (
    cross_entropy,
    distorted_logits,
    equaliser_eq10,
    log_mean_exp,
    predictive_variance,
    udl_elu,
)
from vqax.models.forward import Forward, VqaModel

DEFAULT = CertaintySettings()

Passes = tuple[Float[Tensor, "s b a"], Float[Tensor, "s b v"]]


@dataclass(frozen=True, slots=True)
class CertaintyMask:
    """An explainer of a model with a variance head: the certainty mask for a given answer.

    ``passes`` gives the logits and variances, ``noise_variance`` the σ²_W of Algorithm 1.
    """

    passes: Callable[[nn.Module, Forward, int, int], Passes]
    noise_variance: Callable[[Tensor, Tensor], Tensor]

    def __call__(
        self,
        model: nn.Module,
        visual: Float[Tensor, "b l d"],
        tokens: Int[Tensor, "b t"],
        answer: Int[Tensor, "b"],
        grid: tuple[int, int],
        *,
        samples: int = 25,
        seed: int = 0,
        settings: CertaintySettings = DEFAULT,
    ) -> Float[Tensor, "b h w"]:
        """G''' of equation 8; positive, and with the default softmax sums to 1 over the cells.

        T is ``samples``. Losses and mask are computed in 64 bits, because 1 - p of a confident
        answer is lost in 32. Noise and dropout of a question depend on ``seed`` alone, so a batch
        gives what each of its questions gives.

        Raises:
            UsageError: the model has no variance, no gradient reaches the attended map, or the
                grid has not as many cells as it.
            BadData: the mask is not finite.
        """
        forward = forward_with_graph(model, visual, tokens)
        return self.of_forward(
            model, forward, answer, grid, samples=samples, seed=seed, settings=settings
        )

    def of_forward(
        self,
        model: nn.Module,
        forward: Forward,
        answer: Int[Tensor, "b"],
        grid: tuple[int, int],
        *,
        samples: int = 25,
        seed: int = 0,
        settings: CertaintySettings = DEFAULT,
    ) -> Float[Tensor, "b h w"]:
        """The same of a pass that was made with ``forward_with_graph``, whose graph stays."""
        check_answers(answer, len(forward.logits))
        with left_as_found(model):
            logits, variance = self.passes(model, forward, samples, seed)
            distorting = self.noise_variance(logits, variance)
            losses = _losses(forward, logits, variance, distorting, answer, samples, seed)
            node = injection_node(forward, settings.inject)
            slopes = [
                gradient_at(node, loss, model, name=settings.inject, retain_graph=True)
                for loss in losses
            ]
        answer_slope, uncertainty_slope, at = (
            part.detach().double().reshape(*node.shape[:2], -1) for part in (*slopes, node)
        )
        answer_slope = _per_question(answer_slope, uncertainty_slope, at, settings)
        mask = mask_of(answer_slope, uncertainty_slope, at, settings).mean(-1)
        return as_grid(mask.to(forward.visual.dtype), grid)


def _losses(
    forward: Forward,
    logits: Float[Tensor, "s b a"],
    variance: Float[Tensor, "s b v"],
    distorting: Float[Tensor, "b v"],
    answer: Int[Tensor, "b"],
    samples: int,
    seed: int,
) -> tuple[Float[Tensor, "b"], Float[Tensor, "b"]]:
    """Ly and Lu = Lp + VE + UDL of the answer, all questions with the same noise."""
    targets = functional.one_hot(answer, logits.shape[-1]).to(logits.dtype)
    generator = torch.Generator().manual_seed(seed)
    noise = sample_noise(generator, torch.zeros_like(answer), samples, logits)
    answer_losses = cross_entropy(forward.logits.double(), targets)
    distorted = distorted_logits(logits, distorting, noise)
    likelihood = log_mean_exp(distorted, targets)
    equaliser = equaliser_eq10(variance.mean(0), distorting)
    udl = udl_elu(distorted, targets, likelihood, answer_losses)
    return answer_losses, likelihood + equaliser + udl


def _per_question(
    answer: Cells, uncertainty: Cells, node: Cells, settings: CertaintySettings
) -> Cells:
    """The first gradient in units that make max_l |c_l| of every question 1."""
    certainty = REDUCTIONS[settings.reduction](answer, uncertainty, node)
    largest = certainty.abs().amax((1, 2), keepdim=True)
    return answer / torch.where(largest > 0, largest, 1.0)


def _one_pass(model: nn.Module, forward: Forward, samples: int, seed: int) -> Passes:  # noqa: ARG001
    """The forward pass itself, without dropout."""
    return forward.logits[None].double(), variance_of(forward.variance)[None].double()


def _head_passes(model: nn.Module, forward: Forward, samples: int, seed: int) -> Passes:
    """``samples`` dropout passes of the head, the same masks for every question."""
    variance_of(forward.variance)  # or a reason, before a model without a head is asked for one
    start_sampling(model)
    logits, variances = [], []
    for combined in forward.combined:
        seed_draws(model, seed)
        one, variance = cast(VqaModel, model).head(combined.expand(samples, -1))
        logits.append(one.double())
        variances.append(variance_of(variance).double())
    return torch.stack(logits, dim=1), torch.stack(variances, dim=1)


aleatoric_mask = CertaintyMask(_one_pass, lambda logits, variance: variance.mean(0))  # noqa: ARG005
predictive_mask = CertaintyMask(_head_passes, predictive_variance)
