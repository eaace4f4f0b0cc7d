"""The losses of evidential classifiers, one value per sample.

Sensoy et al. 2018, equations 3 to 5. Symbols: α_k -> ``alpha``, S = Σ α_k -> strength, y ->
``targets`` (one-hot, or soft scores). Losses are computed in 64 bits, and returned in the
precision of the logits, at least 32: the terms of the KL are of size S log S and cancel.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from vqax.errors import BadData
from vqax.models.evidence import dirichlet, expected_probabilities
from vqax.models.options import option
from vqax.models.scale import full_precision


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
    alpha = dirichlet(logits, evidence)
    weight = annealing_weight(epoch, annealing)
    loss = dirichlet_loss(alpha, targets, weight, risk=risk)
    return loss.to(full_precision(logits).dtype)


def dirichlet_loss(
    alpha: Float[Tensor, "b k"],
    targets: Float[Tensor, "b k"],
    weight: float,
    *,
    risk: str = "squared_error",
) -> Float[Tensor, "b"]:
    """risk + ``weight`` · KL(Dir(α̃) || Dir(1)) in 64 bits, from α as it is; see above.

    Raises:
        UsageError: an unknown risk.
    """
    wide, y = alpha.double(), targets.double()
    misleading = kl_to_uniform(y + (1 - y) * wide)
    return option(RISKS, risk, "risk")(wide, y) + weight * misleading
