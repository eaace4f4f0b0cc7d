"""What one training step minimises: the answer loss, or U-CAM's answer and uncertainty losses.

An objective returns one scalar; the loop calls ``backward()`` on it once. The certainty gradient
enters that backward pass through a hook on the attended map.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.learning.answer_losses import ANSWER_LOSSES
from vqax.learning.batches import Batch, Batchable
from vqax.learning.certainty import (
    LEAST_ETA,
    CertaintySettings,
    add_during_backward,
    add_to_gradient,
    certainty_mask,
    injection_node,
    peak,
)
from vqax.learning.sampling import MC_SCOPES, Passes, one_pass, sample_noise
from vqax.learning.uncertainty import (
    EQUALISERS,
    EXPONENT_BOUND,
    LIKELIHOODS,
    NOISE_SCALE,
    UDL_FORMS,
    cross_entropy,
    distorted_logits,
    predictive_variance,
)
from vqax.models.forward import Forward
from vqax.models.options import known, option


class Step(NamedTuple):
    """The loss to minimise, a mean over the batch, and its parts (detached means)."""

    loss: Float[Tensor, ""]
    parts: dict[str, Float[Tensor, ""]]


Objective = Callable[[nn.Module, Batch, torch.Generator], Step]


@runtime_checkable
class Annealed(Protocol):
    """An objective that is another one in every epoch, counted from 0."""

    def at(self, epoch: int) -> Objective: ...


def at_epoch(objective: Objective, epoch: int) -> Objective:
    """The objective of this epoch: itself, unless it is annealed."""
    return objective.at(epoch) if isinstance(objective, Annealed) else objective


SOURCES = {"aleatoric": "aul", "predictive": "pul"}
TERMS = ("ul", "ve", "udl")


def answer_objective(*, loss: str = "cross_entropy") -> Objective:
    """The mean of one of ``ANSWER_LOSSES``, nothing else.

    Raises:
        UsageError: an unknown loss; when called, a loss that asks for more than model or batch
            have.
    """
    losses_of = option(ANSWER_LOSSES, loss, "objective.loss")

    def objective(model: nn.Module, batch: Batch, generator: torch.Generator) -> Step:  # noqa: ARG001
        forward = model(batch.visual, batch.tokens)
        losses = losses_of(model, forward, batch.targets, batch.bias)
        return Step(losses.mean(), {"answer_loss": losses.detach().mean()})

    return objective


@dataclass(frozen=True, slots=True)
class UncertaintySettings:
    """The options of ``uncertainty_objective``, checked.

    Raises:
        UsageError: an option that is not known, no term or one twice, fewer than one sample, or a
            number outside of its range.
    """

    source: str
    terms: tuple[str, ...]
    samples: int
    eta: float
    alpha: float
    sigma0_squared: float
    noise: str
    likelihood: str
    udl_form: str
    ve_form: str
    mc_scope: str

    def __post_init__(self) -> None:
        known(SOURCES, self.source, "objective.source")
        known(NOISE_SCALE, self.noise, "objective.noise")
        known(LIKELIHOODS, self.likelihood, "objective.likelihood")
        known(UDL_FORMS, self.udl_form, "objective.udl_form")
        known(EQUALISERS, self.ve_form, "objective.ve_form")
        known(MC_SCOPES, self.mc_scope, "objective.mc_scope")
        for term in self.terms:
            known(TERMS, term, "objective.terms")
        if not self.terms or len(set(self.terms)) < len(self.terms):
            raise UsageError(
                f"objective.terms: {list(self.terms)} names none or one twice; name some of "
                f"{', '.join(TERMS)}, each once, or use the objective `answer`"
            )
        within("samples", self.samples, 1, inf)
        within("eta", self.eta, 0, inf)
        within("alpha", self.alpha, 0, inf)
        within("sigma0_squared", self.sigma0_squared, 0, EXPONENT_BOUND)


def within(name: str, value: int | float, lowest: int, highest: int | float) -> None:
    """Raise UsageError unless ``value`` is finite and from ``lowest`` to ``highest``."""
    if not lowest <= value <= highest or value == inf:
        raise UsageError(
            f"objective.{name}: {value} is not a finite number "
            + (f"of {lowest} or more" if highest == inf else f"from {lowest} to {highest:g}")
        )


def uncertainty_terms(
    passes: Passes,
    noise: Float[Tensor, "s b a"],
    targets: Float[Tensor, "b a"],
    answer_losses: Float[Tensor, "b"],
    settings: UncertaintySettings,
) -> dict[str, Float[Tensor, "b"]]:
    """Every term of Lu per sample: ul (AUL or PUL), ve, udl; and the variances they used.

    ``variance`` is the predicted one, σ²_a; ``noise_variance`` that of the noise, σ²_W.
    """
    aleatoric = passes.variance.mean(0)
    predictive = settings.source == "predictive"
    variance = predictive_variance(passes.logits, passes.variance) if predictive else aleatoric
    distorted = distorted_logits(passes.logits, variance, noise, settings.noise)
    likelihood = LIKELIHOODS[settings.likelihood](distorted, targets)
    udl = UDL_FORMS[settings.udl_form]
    return {
        "ul": likelihood,
        "ve": EQUALISERS[settings.ve_form](aleatoric, variance, settings.sigma0_squared),
        "udl": udl(distorted, targets, likelihood, answer_losses, settings.alpha),
        "variance": aleatoric.mean(-1),
        "noise_variance": variance.mean(-1),
    }


def add_certainty(
    output: Forward,
    passes: Passes,
    answer_losses: Float[Tensor, "b"],
    uncertainty_losses: Float[Tensor, "b"],
    eta: float,
    certainty: CertaintySettings,
) -> dict[str, Tensor]:
    """Hook the mask on f; returns its peak (1 = uniform), known after backward().

    Nothing to do where no parameter lies below f (LSTM Q+I) or no gradient is wanted.
    """
    node = injection_node(output, certainty.inject)
    if not node.requires_grad:
        return {}
    variance = passes.variance.detach()
    if len(passes.outputs) == 1 and eta >= LEAST_ETA:
        seen = add_during_backward(node, answer_losses, eta, certainty, variance)
        return {"certainty_peak": seen}
    others = [injection_node(one, certainty.inject) for one in passes.outputs if one is not output]
    nodes = [node, *others]
    mask = certainty_mask(answer_losses, uncertainty_losses, nodes, certainty, variance)
    add_to_gradient(node, mask, certainty.sign)
    return {"certainty_peak": peak(mask)}


def uncertainty_objective(
    *,
    source: str = "aleatoric",
    terms: Sequence[str] = TERMS,
    samples: int = 25,
    eta: float = 1.0,
    alpha: float = 1.0,
    sigma0_squared: float = 0.0,
    noise: str = "sigma",
    likelihood: str = "log_mean_exp",
    udl_form: str = "elu",
    ve_form: str = "eq10",
    mc_scope: str = "head",
    certainty: CertaintySettings | Mapping[str, Any] | None = None,
) -> Objective:
    """Ly + η Lu with Lu the sum of ``terms`` (equation 12), and the certainty gradient.

    source aleatoric: T noises on the logits of the one forward pass (equations 2 and 3); source
    predictive: T dropout passes, each with its noise, of variance σ²_p (equations 4 and 5).

    Raises:
        UsageError: an unknown option; when called, a model without variance or attention.
        BadData: when called, a certainty mask that is not finite.
    """
    settings = UncertaintySettings(
        source, tuple(terms), samples, eta, alpha, sigma0_squared,
        noise, likelihood, udl_form, ve_form, mc_scope,
    )  # fmt: skip
    mask = CertaintySettings.of(certainty) if isinstance(certainty, Mapping) else certainty
    run = MC_SCOPES[mc_scope] if source == "predictive" else one_pass

    def objective(model: nn.Module, batch: Batch, generator: torch.Generator) -> Step:
        output = model(batch.visual, batch.tokens)
        passes = run(model, batch, output, samples)
        epsilon = sample_noise(generator, batch.question_ids, samples, output.logits)
        answer = cross_entropy(output.logits, batch.targets)
        parts = uncertainty_terms(passes, epsilon, batch.targets, answer, settings)
        uncertainty = torch.stack([parts[term] for term in settings.terms]).sum(0)
        extra = add_certainty(output, passes, answer, uncertainty, eta, mask) if mask else {}
        parts[SOURCES[source]] = parts.pop("ul")
        parts |= {"answer_loss": answer, "uncertainty_loss": uncertainty}
        means = {name: value.detach().mean() for name, value in parts.items()} | extra
        return Step((answer + eta * uncertainty).mean(), means)

    return objective


def check_objective(model: nn.Module, objective: Objective, dataset: Batchable) -> None:
    """Rehearse the objective on the first row, so that what it lacks shows before any training.

    Without gradients and dropout; leaves modes and random numbers as they were. cuDNN's recurrent
    layers, which have no slopes in evaluation mode, are kept out of it: CSS asks for some.

    Raises:
        UsageError: the model lacks what the objective needs (a variance, an attention, a mixin),
            or the data set does (a prior of the answers).
    """
    batch, training = dataset.batch(np.arange(1)), model.training
    device = next(model.parameters()).device
    try:
        with torch.no_grad(), torch.backends.cudnn.flags(enabled=False):
            objective(model.eval(), batch.to(device), torch.Generator(device))
    finally:
        model.train(training)
