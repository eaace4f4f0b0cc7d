"""The uncertainty losses of U-CAM, each a pure function with one value per sample.

Symbols of the paper: y-hat -> ``logits``, σ²_a and va -> ``variance``, σ²_p -> predictive
variance, ε -> ``noise``, Ly -> ``answer_losses``, Lp -> ``likelihood_losses``.
Losses are computed in at least 32 bits whatever the precision of the model.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from vqax.models.options import option
from vqax.models.scale import full_precision

EXPONENT_BOUND = 20.0
SMALLEST_VARIANCE = 1e-12


def bounded_exp(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """exp(x) up to ``EXPONENT_BOUND``, continued by its tangent above.

    Large variances would overflow (fp32 at 88); a clamp would stop their gradient. The tangent
    keeps value and gradient finite: the slope never exceeds exp(20) = 4.9e8.
    """
    inside = x.clamp(max=EXPONENT_BOUND)
    return inside.exp() * (1 + x - inside)


def normalised_targets(targets: Float[Tensor, "b a"]) -> Float[Tensor, "b a"]:
    """Soft scores scaled to sum 1 per sample; rows of zeros stay zero and add nothing."""
    total = targets.sum(-1, keepdim=True)
    return torch.where(total > 0, targets / total.clamp_min(torch.finfo(total.dtype).tiny), 0.0)


def cross_entropy(
    logits: Float[Tensor, "*s b a"], targets: Float[Tensor, "b a"]
) -> Float[Tensor, "*s b"]:
    """-Σ_c y_c log softmax(logits)_c with y the normalised targets (the SCE loss of U-CAM)."""
    return -(normalised_targets(targets) * full_precision(logits).log_softmax(-1)).sum(-1)


def mean_log_probability(logits: Float[Tensor, "s b a"]) -> Float[Tensor, "b a"]:
    """log 1/T Σ_t softmax(logits_t), finite where the probability underflows."""
    return full_precision(logits).log_softmax(-1).logsumexp(0) - math.log(len(logits))


def predictive_variance(
    logits: Float[Tensor, "s b a"], variance: Float[Tensor, "s b v"]
) -> Float[Tensor, "b v"]:
    """σ²_p = H(1/T Σ_t softmax(logits_t)) + 1/T Σ_t variance_t, in nats (equations 4 and 5)."""
    log_mean = mean_log_probability(logits)
    entropy = -(log_mean.exp() * log_mean).sum(-1, keepdim=True)
    return entropy + full_precision(variance).mean(0)


NOISE_SCALE: dict[str, Callable[[Tensor], Tensor]] = {
    "sigma": lambda variance: variance.clamp_min(SMALLEST_VARIANCE).sqrt(),
    "variance": lambda variance: variance,
}


def distorted_logits(
    logits: Float[Tensor, "*s b a"],
    variance: Float[Tensor, "b v"],
    noise: Float[Tensor, "s b a"],
    scale: str = "sigma",
) -> Float[Tensor, "s b a"]:
    """logits + ε σ ("sigma": text and released code) or logits + ε σ² ("variance": equation 2).

    Raises:
        UsageError: ``scale`` is neither.
    """
    return full_precision(logits) + noise * option(NOISE_SCALE, scale, "noise")(variance)


def log_mean_exp(
    distorted: Float[Tensor, "s b a"], targets: Float[Tensor, "b a"]
) -> Float[Tensor, "b"]:
    """-Σ_c y_c log 1/T Σ_t p_tc: equation 3, with its missing sign, averaged over the answers."""
    return -(normalised_targets(targets) * mean_log_probability(distorted)).sum(-1)


def mean_ce(distorted: Float[Tensor, "s b a"], targets: Float[Tensor, "b a"]) -> Float[Tensor, "b"]:
    """1/T Σ_t CE(distorted_t): the released code; never below ``log_mean_exp`` (Jensen)."""
    return cross_entropy(distorted, targets).mean(0)


LIKELIHOODS = {"log_mean_exp": log_mean_exp, "mean_ce": mean_ce}


def equaliser_eq10(
    aleatoric: Float[Tensor, "b v"],
    distorting: Float[Tensor, "b v"],  # noqa: ARG001
    sigma0_squared: float = 0.0,
) -> Float[Tensor, "b"]:
    """VE = exp(σ²_a) - exp(σ0²), mean over the variances of a sample (equation 10).

    Of the predicted variance, as printed there and as released. exp of the entropy would be the
    number of answers at the start (120 against a cross entropy of 5) and stop the learning.
    """
    return (bounded_exp(aleatoric) - math.exp(sigma0_squared)).mean(-1)


def equaliser_alg1(
    aleatoric: Float[Tensor, "b v"],  # noqa: ARG001
    distorting: Float[Tensor, "b v"],
    sigma0_squared: float = 0.0,  # noqa: ARG001
) -> Float[Tensor, "b"]:
    """VE = ReLU(exp(σ²_W) - exp(1)) (Algorithm 1, line 14), of the variance of the noise.

    For P-GCA σ²_W contains the entropy; σ0² is fixed at 1.
    """
    return (bounded_exp(distorting) - math.e).relu().mean(-1)


EQUALISERS = {"eq10": equaliser_eq10, "paper_alg1": equaliser_alg1}


def udl_elu(
    distorted: Float[Tensor, "s b a"],  # noqa: ARG001
    targets: Float[Tensor, "b a"],  # noqa: ARG001
    likelihood_losses: Float[Tensor, "b"],
    answer_losses: Float[Tensor, "b"],
    alpha: float = 1.0,
) -> Float[Tensor, "b"]:
    """UDL = ELU_α(Lp - Ly), in (-α, inf) (equation 11)."""
    return functional.elu(likelihood_losses - answer_losses, alpha)


def udl_alg1(
    distorted: Float[Tensor, "s b a"],  # noqa: ARG001
    targets: Float[Tensor, "b a"],  # noqa: ARG001
    likelihood_losses: Float[Tensor, "b"],
    answer_losses: Float[Tensor, "b"],
    alpha: float = 1.0,  # noqa: ARG001
) -> Float[Tensor, "b"]:
    """UDL = exp(Ly - Lp)² (Algorithm 1, line 19), read as the square of the exponential."""
    return bounded_exp(2 * (answer_losses - likelihood_losses))


def udl_released(
    distorted: Float[Tensor, "s b a"],
    targets: Float[Tensor, "b a"],
    likelihood_losses: Float[Tensor, "b"],  # noqa: ARG001
    answer_losses: Float[Tensor, "b"],
    alpha: float = 1.0,
) -> Float[Tensor, "b"]:
    """UDL = 1/T Σ_t -ELU_α(Ly - CE_t) of batch means: the released code.

    One number, which every sample of the batch has. It depends on what else is in the batch, and
    on how a batch is divided over processes; ``udl_released_per_sample`` does not.
    """
    gaps = (answer_losses - cross_entropy(distorted, targets)).mean(1)
    return -functional.elu(gaps, alpha).mean().expand_as(answer_losses)


def udl_released_per_sample(
    distorted: Float[Tensor, "s b a"],
    targets: Float[Tensor, "b a"],
    likelihood_losses: Float[Tensor, "b"],  # noqa: ARG001
    answer_losses: Float[Tensor, "b"],
    alpha: float = 1.0,
) -> Float[Tensor, "b"]:
    """The formula of the released code for each sample by itself, as equation 11 is."""
    return -functional.elu(answer_losses - cross_entropy(distorted, targets), alpha).mean(0)


UDL_FORMS = {
    "elu": udl_elu,
    "paper_alg1": udl_alg1,
    "released": udl_released,
    "released_per_sample": udl_released_per_sample,
}
