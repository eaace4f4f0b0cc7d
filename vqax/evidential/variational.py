"""Gaussian variational dropout: a dense layer whose weights have a rate of noise each.

q(w) = N(θ, α θ²) under a log-uniform prior (Kingma, Salimans and Welling 2015), with σ² = α θ²
as the parameter (Molchanov, Ashukha and Vetrov 2017, additive noise), whose gradient is calmer.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vqax.models.options import option

TINY = 1e-16
LOG_ALPHA_BOUND = 20.0


def kl_molchanov(log_alpha: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """KL(q || prior) of each weight up to a constant, 0 as α grows; right for every α.

    0.5 log(1 + 1/α) + k₁ (1 - sigmoid(k₂ + k₃ log α)) (Molchanov et al. 2017, equation 14).
    """
    fitted = 0.63576 * torch.sigmoid(-(1.87320 + 1.48695 * log_alpha))
    return 0.5 * functional.softplus(-log_alpha) + fitted


def kl_kingma(log_alpha: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The cubic approximation up to a constant, for α ≤ 1; larger α count as 1.

    -(0.5 log α + c₁ α + c₂ α² + c₃ α³) (Kingma et al. 2015, equation 12).
    """
    log_alpha = log_alpha.clamp_max(0.0)
    alpha = log_alpha.exp()
    cubic = 1.16145124 * alpha - 1.50204118 * alpha**2 + 0.58629921 * alpha**3
    return -(0.5 * log_alpha + cubic)


KL_FORMS: dict[str, Callable[[Tensor], Tensor]] = {
    "molchanov": kl_molchanov,
    "kingma": kl_kingma,
}


class VariationalLinear(nn.Module):
    """x (b,i) to (b,o); noisy in training mode, θ x + bias in evaluation mode.

    Local reparameterisation: not the weights but the outputs are drawn, once per sample,
    N(θ x + bias, σ² x²) (Kingma et al. 2015, section 2.3). Draws from torch's global generator.
    """

    def __init__(self, inputs: int, outputs: int, *, log_variance: float = -10.0) -> None:
        super().__init__()
        self.in_features, self.out_features = inputs, outputs
        self.mean = nn.Linear(inputs, outputs)
        self.log_variance = nn.Parameter(torch.full((outputs, inputs), log_variance))

    @property
    def bias(self) -> Tensor:
        """As nn.Linear has one."""
        return self.mean.bias

    def forward(self, x: Float[Tensor, "*b i"]) -> Float[Tensor, "*b o"]:
        centre = self.mean(x)
        if not self.training:
            return centre
        variance = functional.linear(x.square(), self.log_variance.exp())
        return centre + variance.clamp_min(TINY).sqrt() * torch.randn_like(centre)

    def log_alpha(self) -> Float[Tensor, "o i"]:
        """log(σ²/θ²), within ± ``LOG_ALPHA_BOUND``."""
        squared = self.mean.weight.square() + TINY
        alpha = self.log_variance - squared.log()
        return alpha.clamp(-LOG_ALPHA_BOUND, LOG_ALPHA_BOUND)

    def kl(self, form: str = "molchanov") -> Float[Tensor, ""]:
        """The sum over the weights; raises UsageError for an unknown form."""
        return option(KL_FORMS, form, "kl")(self.log_alpha()).sum()

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.out_features}"


def kl_of(model: nn.Module, form: str = "molchanov") -> Float[Tensor, ""]:
    """The KL of all variational layers of a model; 0 if it has none."""
    kls = [layer.kl(form) for layer in model.modules() if isinstance(layer, VariationalLinear)]
    return torch.stack(kls).sum() if kls else torch.zeros(())
