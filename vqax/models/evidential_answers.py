"""An answer head whose outputs are evidence for the answers (EDL section 2.2, here for VQA).

It hands out log α as its logits: softmax(log α) is α / S, the expected probability of Dir(α), so
whatever turns logits into probabilities is right for it too, and S is Σ exp(logit).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vqax.models.evidence import EVIDENCES, dirichlet
from vqax.models.options import known


class EvidentialAnswers(nn.Module):
    """``inner``'s answer scores z as logits log α, α = e(z) + 1; the variance as it was.

    ``evidence`` is a name of ``EVIDENCES``. softplus and exp keep the order of the answers; relu
    gives α = 1, and no gradient, to every answer with a score below 0.

    Raises:
        UsageError: an unknown evidence function; when called, what ``dirichlet`` raises.
    """

    def __init__(self, inner: nn.Module, evidence: str = "softplus") -> None:
        super().__init__()
        known(EVIDENCES, evidence, "evidence")
        self.inner, self.evidence = inner, evidence

    def combine(self, *fused: Tensor, **beside: Tensor) -> Tensor:
        """As the inner head's."""
        return self.inner.combine(*fused, **beside)  # type: ignore[operator]

    def forward(
        self, combined: Float[Tensor, "*b c"]
    ) -> tuple[Float[Tensor, "*b a"], Float[Tensor, "*b v"] | None]:
        scores, variance = self.inner(combined)
        return dirichlet(scores, self.evidence).log(), variance


def is_evidential(model: nn.Module) -> bool:
    """Whether the logits of a VQA model are log α."""
    return isinstance(getattr(model, "head", None), EvidentialAnswers)


def vacuity(log_alpha: Float[Tensor, "*b a"]) -> Float[Tensor, "*b"]:
    """u = K / S in (0, 1], from logits that are log α; 1 without any evidence (equation 5)."""
    strength = log_alpha.double().logsumexp(-1).exp()
    return (log_alpha.shape[-1] / strength).clamp(max=1).to(log_alpha.dtype)


def alpha_of(model: nn.Module, logits: Float[Tensor, "*b a"]) -> Float[Tensor, "*b a"] | None:
    """α of an evidential model's logits, None for any other model."""
    return torch.exp(logits) if is_evidential(model) else None
