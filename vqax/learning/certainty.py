"""The certainty gradient of U-CAM: equations 6 to 9, Algorithm 1 lines 22 to 26.

Symbols of the paper: f -> ``node`` (the attended map, or the attention), λ -> ``gain``,
γ -> ``negative_gain``. See studies/ucam/README.md for what each option does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from vqax.errors import BadData, UsageError
from vqax.models.forward import Forward
from vqax.models.options import known, option

Cells = Float[Tensor, "b l d"]
PerCell = Float[Tensor, "b l 1"]
LEAST_ETA = 0.5
"""Below it g_u, had by a difference, loses too many of the digits of bf16."""
LARGEST_MASS = 2.0**23
"""Σ_l |m_l| of a mask whose Σ_l c'_l is as small as the rounding of its terms in 32 bits."""


@dataclass(frozen=True, slots=True)
class CertaintySettings:
    """How the certainty mask is made and where it is added.

    ``reduction``: activation (Grad-CAM reading, default), product (as printed, summed over the
    channels) or per_channel. ``inject``: attended or attention. ``normaliser``: softmax
    (Algorithm 1) or sum (equation 8). ``sign``: 1 as printed, -1 to raise f where certain.

    Raises:
        UsageError: an option that is not known, or a gain that is not a finite number.
    """

    gain: float = 1.0
    negative_gain: float = -10.0
    normaliser: str = "softmax"
    reduction: str = "activation"
    inject: str = "attended"
    sign: int = 1

    def __post_init__(self) -> None:
        known(NORMALISERS, self.normaliser, "certainty.normaliser")
        known(REDUCTIONS, self.reduction, "certainty.reduction")
        known(INJECTIONS, self.inject, "certainty.inject")
        if self.sign not in (1, -1):
            raise UsageError(f"certainty.sign: {self.sign} is neither 1 nor -1; use one of them")
        for name, value in (("gain", self.gain), ("negative_gain", self.negative_gain)):
            if not isinstance(value, int | float) or not isfinite(value):
                raise UsageError(
                    f"certainty.{name}: {value!r} is not a finite number, so the mask would be "
                    "undefined from the first step on; write one such as 1.0 or -10.0"
                )

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "CertaintySettings":
        """The settings with these options; raises UsageError for one there is not."""
        names = [field.name for field in fields(cls)]
        return cls(**{known(names, name, "certainty"): options[name] for name in options})


def activation(answer: Cells, uncertainty: Cells, node: Cells) -> PerCell:
    """m_y m_u with m = Σ_d g_d f_d, the class-activation map of each loss: (b, l, 1)."""
    maps = (answer * node).sum(-1, keepdim=True), (uncertainty * node).sum(-1, keepdim=True)
    return maps[0] * maps[1]


def product(answer: Cells, uncertainty: Cells, node: Cells) -> PerCell:  # noqa: ARG001
    """Σ_d g_y g_u: equation 6 summed over the channels, (b, l, 1); uniform under sum pooling."""
    return (answer * uncertainty).sum(-1, keepdim=True)


def per_channel(answer: Cells, uncertainty: Cells, node: Cells) -> Cells:  # noqa: ARG001
    """g_y g_u: equation 6, elementwise, (b, l, d); uniform over cells under sum pooling."""
    return answer * uncertainty


def softmax(certainty: Cells) -> Cells:
    """Softmax over the cells: positive, sums to 1 (Algorithm 1, line 25)."""
    return certainty.softmax(1)


def divided_by_sum(certainty: Cells) -> Cells:
    """Divided by the sum over the cells (equation 8): signed, and undefined for a sum of 0."""
    return certainty / certainty.sum(1, keepdim=True)


REDUCTIONS: dict[str, Callable[[Cells, Cells, Cells], Tensor]] = {
    "activation": activation,
    "product": product,
    "per_channel": per_channel,
}
NORMALISERS: dict[str, Callable[[Cells], Cells]] = {"softmax": softmax, "sum": divided_by_sum}
INJECTIONS: dict[str, Callable[[Forward], Tensor | None]] = {
    "attended": lambda output: output.attended,
    "attention": lambda output: output.attention,
}


def injection_node(output: Forward, inject: str) -> Tensor:
    """The tensor of ``output`` that the mask is added to.

    Raises:
        UsageError: ``inject`` is attention and the model has none.
    """
    node = option(INJECTIONS, inject, "certainty.inject")(output)
    if node is None:
        raise UsageError(
            f"certainty.inject: this model has no {inject} weights; use inject attended"
        )
    return node


def summed_gradient(losses: Float[Tensor, "b"], nodes: Sequence[Tensor]) -> Tensor:
    """d ΣL / d node, added over ``nodes``, as (b, l, d); attention weights have d = 1.

    The gradient of the *sum* is each sample's own gradient, whatever the batch or world size.
    """
    gradients = torch.autograd.grad(losses.sum(), nodes, retain_graph=True, allow_unused=True)
    used = [gradient for gradient in gradients if gradient is not None]
    total = sum(used[1:], used[0]) if used else torch.zeros_like(nodes[0])
    return total if total.ndim == 3 else total.unsqueeze(-1)


def certainty_mask(
    answer_losses: Float[Tensor, "b"],
    uncertainty_losses: Float[Tensor, "b"],
    nodes: Sequence[Tensor],
    settings: CertaintySettings,
    variance: Float[Tensor, "..."] | None = None,
) -> Float[Tensor, "b l d"]:
    """G''' of equation 8 at ``nodes[0]``; d is 1 unless ``reduction`` is per_channel.

    ``nodes`` are f of the answer loss and, when the uncertainty loss comes from other passes of
    the whole model, f of each of them. ``variance`` is only read for the message.

    Raises:
        BadData: the mask is undefined; the message names the parameter that made it so.
    """
    answer = summed_gradient(answer_losses, nodes[:1])
    uncertainty = summed_gradient(uncertainty_losses, nodes)
    value = nodes[0].detach().reshape(answer.shape)
    return mask_of(answer, uncertainty, value, settings, variance)


def mask_of(
    answer: Cells,
    uncertainty: Cells,
    node: Cells,
    settings: CertaintySettings,
    variance: Float[Tensor, "..."] | None = None,
) -> Float[Tensor, "b l d2"]:
    """Equations 6 to 8 from the two gradients at f and f itself.

    Raises:
        BadData: the mask is not finite, or it was divided by a sum that is zero but for rounding;
            the message names the parameter that made it so and, from ``variance``, σ².
    """
    reduced = option(REDUCTIONS, settings.reduction, "certainty.reduction")
    certainty = -settings.gain * reduced(answer, uncertainty, node)
    rectified = certainty.relu() + settings.negative_gain * (-certainty).relu()
    mask = option(NORMALISERS, settings.normaliser, "certainty.normaliser")(rectified)
    if not bool((mask.abs().sum(1) < LARGEST_MASS).all()):  # nor is NaN
        gradients = {"answer": answer, "uncertainty": uncertainty}
        raise BadData(reason(gradients, certainty, rectified, settings, variance))
    return mask


def peak(mask: Float[Tensor, "b l d"]) -> Float[Tensor, ""]:
    """The largest entry of a mask in units of the uniform one: 1 is uniform, l is one cell."""
    return mask.amax(1).mean() * mask.shape[1]


def reason(
    gradients: Mapping[str, Cells],
    certainty: Float[Tensor, "b l d2"],
    rectified: Float[Tensor, "b l d2"],
    settings: CertaintySettings,
    variance: Float[Tensor, "..."] | None,
) -> str:
    """Which parameter made the mask undefined, and its value."""
    for loss, gradient in gradients.items():
        if not bool(gradient.isfinite().all()):
            sigma = "" if variance is None else f" at a largest σ² of {float(variance.max()):g}"
            return (
                f"certainty mask: the gradient of the {loss} loss at f is not finite{sigma}; "
                "lower optimiser.lr, or that of variance_optimiser"
            )
    if not bool(certainty.isfinite().all()):
        return (
            f"certainty mask: gain={settings.gain:g} (λ) times the product of the gradients "
            "overflows; use a smaller one"
        )
    if not bool(rectified.isfinite().all()):
        return (
            f"certainty mask: negative_gain={settings.negative_gain:g} (γ) overflows; "
            "use one nearer to zero, such as -10"
        )
    return (
        f"certainty mask: normaliser={settings.normaliser} divides by a sum over the cells that "
        f"is zero but for rounding, at negative_gain={settings.negative_gain:g} (γ); "
        "use normaliser softmax"
    )


def add_to_gradient(node: Tensor, mask: Float[Tensor, "b l d"], sign: int) -> None:
    """Equation 9: the one backward() to come sees gradient + sign * mask / b at ``node``.

    The same number is added to all channels of a cell.
    """
    addition = mean_share(mask, node, sign)
    node.register_hook(lambda gradient: gradient + addition.to(gradient.dtype))


def add_during_backward(
    node: Tensor,
    answer_losses: Float[Tensor, "b"],
    eta: float,
    settings: CertaintySettings,
    variance: Float[Tensor, "..."] | None = None,
) -> Float[Tensor, ""]:
    """Equation 9 without a backward pass of its own through the T samples.

    What arrives at f in the one backward() of (ΣLy + η ΣLu) / b is (g_y + η g_u) / b. g_y costs
    one pass of the head, and g_u is the rest, whose rounding error grows with 1 / η: below
    ``LEAST_ETA`` use ``certainty_mask``. Both losses must reach f through ``node`` alone.
    Returns the peak of the mask, which is known when backward() has passed.
    """
    answer = summed_gradient(answer_losses, [node])
    b, value = len(node), node.detach()  # a hook that held its own node would keep the graph
    seen = torch.ones((), dtype=answer.dtype, device=answer.device)

    def add(gradient: Tensor) -> Tensor:
        arrived = gradient.reshape(answer.shape)
        uncertainty = torch.sub(arrived, answer, alpha=1 / b).mul_(b / eta)
        mask = mask_of(answer, uncertainty, value.reshape(answer.shape), settings, variance)
        seen.copy_(peak(mask))
        return gradient + mean_share(mask, value, settings.sign).to(gradient.dtype)

    node.register_hook(add)
    return seen


def mean_share(mask: Float[Tensor, "b l d"], node: Tensor, sign: int) -> Tensor:
    """sign * mask / b in the shape of ``node``: the mask as part of a mean loss.

    So a sample's share of the update does not depend on the batch size.
    """
    return sign / len(node) * (mask if node.ndim == 3 else mask.squeeze(-1))
