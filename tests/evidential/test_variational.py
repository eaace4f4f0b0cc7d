"""Gaussian variational dropout: noise of the right size, KL against an integral."""

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from vqax.errors import UsageError
from vqax.evidential.variational import KL_FORMS, VariationalLinear, kl_of


def exact_kl(log_alpha):
    """E log|ε| - 0.5 log α + constant for ε ~ N(1, α), 0 as α grows (Molchanov, equation 11)."""
    spread = np.exp(log_alpha / 2)
    parts = [
        quad(lambda x, s=sign: np.log(x) * norm.pdf(s * x, 1, spread), 1e-300, 1 + 12 * spread,
             points=[1.0], limit=400)[0]
        for sign in (1, -1)
    ]  # fmt: skip
    return sum(parts) - 0.5 * log_alpha + 0.5 * (np.euler_gamma + np.log(2))


@pytest.mark.parametrize("log_alpha", [-6.0, -3.0, -1.0, 0.0, 2.0, 5.0])
def test_molchanov_is_near_the_integral_everywhere(log_alpha):
    approximation = KL_FORMS["molchanov"](torch.tensor(log_alpha)).item()
    assert approximation == pytest.approx(exact_kl(log_alpha), abs=0.01)


def test_kingma_is_near_the_integral_up_to_one_apart_from_a_constant():
    log_alphas = [-6.0, -3.0, -1.0, 0.0]
    fitted = KL_FORMS["kingma"](torch.tensor(log_alphas)).numpy()
    exact = np.array([exact_kl(value) for value in log_alphas])
    assert np.ptp(fitted - exact) < 0.04  # of a range of 3.2
    assert KL_FORMS["kingma"](torch.tensor(4.0)) == KL_FORMS["kingma"](torch.tensor(0.0))


def test_outputs_are_distributed_as_if_the_weights_were_drawn():
    torch.manual_seed(0)
    layer, x = VariationalLinear(3, 2, log_variance=-1.0), torch.tensor([0.5, -2.0, 1.0])
    outputs = layer(x.expand(40_000, 3)).detach()
    weights = layer.mean.weight + np.exp(-0.5) * torch.randn(40_000, 2, 3)
    drawn = (weights @ x + layer.mean.bias).detach()
    torch.testing.assert_close(outputs.mean(0), drawn.mean(0), atol=0.04, rtol=0)
    torch.testing.assert_close(outputs.std(0), drawn.std(0), atol=0.03, rtol=0)
    assert outputs.unique().numel() > 79_000  # a draw of its own for every sample and output


def test_evaluation_is_the_mean():
    layer, x = VariationalLinear(3, 2).eval(), torch.randn(4, 3)
    torch.testing.assert_close(layer(x), layer.mean(x))


def test_the_kl_is_the_sum_over_layers_and_weights():
    model = torch.nn.Sequential(VariationalLinear(3, 2), torch.nn.ReLU(), VariationalLinear(2, 4))
    expected = sum(
        KL_FORMS["molchanov"](layer.log_variance[i, j] - layer.mean.weight[i, j].square().log())
        for layer in (model[0], model[2])
        for i in range(layer.out_features)
        for j in range(layer.in_features)
    )
    torch.testing.assert_close(kl_of(model), expected)
    assert kl_of(torch.nn.Linear(2, 2)) == 0
    kl_of(model).backward()
    assert model[0].log_variance.grad.isfinite().all()
    with pytest.raises(UsageError, match="kl: 'x' is not known"):
        kl_of(model, "x")


def test_an_input_of_zeros_has_a_finite_gradient():
    layer = VariationalLinear(3, 2)
    layer(torch.zeros(1, 3)).sum().backward()
    assert layer.log_variance.grad.isfinite().all()
