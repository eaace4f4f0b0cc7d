"""Subjective logic: logits are evidence for answers or classes, and what is missing is doubt.

EDL section 2.2, after Jøsang and Sensoy et al. 2018. Symbols: e_k -> ``evidence``, α_k = e_k + 1
-> ``alpha``, S = Σ α_k -> strength, u = K / S -> uncertainty mass.
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from vqax.errors import UsageError
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
            f"evidence exp overflows: a logit is {logits.detach().max().item():g}, above "
            f"{LARGEST_EXPONENT:g}; use evidence softplus or relu, keep the images in 0..1, or "
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
