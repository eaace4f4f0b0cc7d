"""Subjective logic and the losses of evidential classifiers, one value per sample.

Sensoy et al. 2018, equations 3 to 5; EDL equations 4 and 5. Symbols: e_k -> ``evidence``,
α_k = e_k + 1 -> ``alpha``, S = Σ α_k -> strength, y -> ``targets`` (one-hot, or soft scores).
Losses are computed in 64 bits, and returned in the precision of the logits, at least 32: the
terms of the KL are of size S log S and cancel.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from vqax.errors import BadData, UsageError
from vqax.models.options import option
from vqax.models.scale import full_precision

LARGEST_EXPONENT = 30.0
"""exp(30) = 10¹³: beyond it the KL keeps no correct digit, not even in 64 bits."""


class EvidenceOverflow(UsageError):
    """The exponential of a logit is too large to be evidence."""


def exponential(logits: Float[Tensor, "*b k"]) -> Float[Tensor, "*b k"]:
    """e = exp(logit).

    Raises:
        EvidenceOverflow: a logit is above ``LARGEST_EXPONENT``, or NaN.
    """
    logits = full_precision(logits)
    if not bool((logits <= LARGEST_EXPONENT).all()):
        raise EvidenceOverflow(
            f"evidence exp overflows: a logit is {float(logits.max()):g}, above "
            f"{LARGEST_EXPONENT:g}; use evidence softplus or relu, keep the pictures in 0..1, or "
            "lower the learning rate"
        )
    return logits.exp()


EVIDENCES: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "softplus": functional.softplus,
    "exp": exponential,
}


def dirichlet(logits: Float[Tensor, "*b k"], evidence: str = "relu") -> Float[Tensor, "*b k"]:
    """α = e + 1 ≥ 1, with e the evidence function of the logits (EDL, section 2.2).

    Raises:
        UsageError: an unknown evidence function, or fewer than two classes.
        EvidenceOverflow: see ``exponential``.
    """
    if logits.shape[-1] < 2:
        raise UsageError(
            f"{logits.shape[-1]} class: evidence for one class alone is never uncertain between "
            "classes; give at least two"
        )
    return option(EVIDENCES, evidence, "evidence")(full_precision(logits)) + 1


def belief_masses(alpha: Float[Tensor, "*b k"]) -> Float[Tensor, "*b k"]:
    """b_k = e_k / S, in [0, 1); with u they sum to 1 (EDL equations 4 and 5)."""
    return (alpha - 1) / alpha.sum(-1, keepdim=True)


def uncertainty_mass(alpha: Float[Tensor, "*b k"]) -> Float[Tensor, "*b"]:
    """u = K / S, in (0, 1]; 1 without any evidence (EDL equation 5)."""
    return alpha.shape[-1] / alpha.sum(-1)


def expected_probabilities(alpha: Float[Tensor, "*b k"]) -> Float[Tensor, "*b k"]:
    """E p_k = α_k / S under Dir(α)."""
    return alpha / alpha.sum(-1, keepdim=True)


def one_hot(labels: Int[Tensor, "b"], classes: int) -> Float[Tensor, "b k"]:
    """Targets from labels.

    Raises:
        BadData: a label is outside 0..classes - 1.
    """
    wrong = (labels < 0) | (labels >= classes)
    if bool(wrong.any()):
        row = int(wrong.nonzero()[0, 0])
        raise BadData(
            f"label {int(labels[row])} in row {row} is outside 0..{classes - 1}; "
            "give the number of classes of these labels"
        )
    return functional.one_hot(labels.long(), classes).float()


def type_two_likelihood(
    alpha: Float[Tensor, "b k"], targets: Float[Tensor, "b k"]
) -> Float[Tensor, "b"]:
    """Σ_k y_k (log S - log α_k): minus log of the expected likelihood (equation 3)."""
    return (targets * (alpha.sum(-1, keepdim=True).log() - alpha.log())).sum(-1)


def cross_entropy_risk(
    alpha: Float[Tensor, "b k"], targets: Float[Tensor, "b k"]
) -> Float[Tensor, "b"]:
    """Σ_k y_k (ψ(S) - ψ(α_k)): the expected cross entropy, never below equation 3 (equation 4)."""
    strength = alpha.sum(-1, keepdim=True)
    return (targets * (strength.digamma() - alpha.digamma())).sum(-1)


def squared_error_risk(
    alpha: Float[Tensor, "b k"], targets: Float[Tensor, "b k"]
) -> Float[Tensor, "b"]:
    """Σ_k (y_k - p_k)² + p_k (1 - p_k)/(S + 1), with p = α/S: E |y - p|² (equation 5).

    p (1 - p)/(S + 1) is α (S - α)/(S² (S + 1)) without the cube that overflows.
    """
    mean = expected_probabilities(alpha)
    variance = mean * (1 - mean) / (alpha.sum(-1, keepdim=True) + 1)
    return ((targets - mean).square() + variance).sum(-1)


RISKS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "squared_error": squared_error_risk,
    "type_two_likelihood": type_two_likelihood,
    "cross_entropy": cross_entropy_risk,
}


def kl_to_uniform(alpha: Float[Tensor, "*b k"]) -> Float[Tensor, "*b"]:
    """KL(Dir(α) || Dir(1)), in nats, 0 where α = 1.

    log Γ(S) - log Γ(K) - Σ log Γ(α_k) + Σ (α_k - 1)(ψ(α_k) - ψ(S)).
    """
    strength = alpha.sum(-1, keepdim=True)
    normaliser = strength[..., 0].lgamma() - alpha.lgamma().sum(-1)
    constant = torch.tensor(float(alpha.shape[-1]), dtype=alpha.dtype).lgamma().item()
    slope = ((alpha - 1) * (alpha.digamma() - strength.digamma())).sum(-1)
    return normaliser - constant + slope


def annealing_weight(epoch: int, annealing: int) -> float:
    """min(1, epoch / annealing), epochs from 0: the first one has no KL; 1 without annealing."""
    return min(1.0, epoch / annealing) if annealing > 0 else 1.0


def evidential_loss(
    logits: Float[Tensor, "b k"],
    targets: Float[Tensor, "b k"],
    epoch: int,
    *,
    risk: str = "squared_error",
    evidence: str = "relu",
    annealing: int = 10,
) -> Float[Tensor, "b"]:
    """risk + min(1, epoch / annealing) · KL(Dir(α̃) || Dir(1)), with α̃ = y + (1 - y) α.

    α̃ leaves the evidence for the target out, so that the KL removes misleading evidence alone.

    Raises:
        UsageError: an unknown risk or evidence function, or fewer than two classes.
        EvidenceOverflow: see ``exponential``.
    """
    alpha, wide = dirichlet(logits, evidence).double(), targets.double()
    data = option(RISKS, risk, "risk")(alpha, wide)
    misleading = kl_to_uniform(wide + (1 - wide) * alpha)
    loss = data + annealing_weight(epoch, annealing) * misleading
    return loss.to(full_precision(logits).dtype)
