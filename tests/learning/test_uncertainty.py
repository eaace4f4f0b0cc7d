"""The losses against slow twins written from the equations: loops over samples, answers, T."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vqax.errors import UsageError
from vqax.learning.uncertainty import (
    EQUALISERS,
    EXPONENT_BOUND,
    LIKELIHOODS,
    UDL_FORMS,
    bounded_exp,
    cross_entropy,
    distorted_logits,
    normalised_targets,
    predictive_variance,
)

B, A, T = 4, 5, 7
seeds = pytest.mark.parametrize("seed", [0, 1, 2])
widths = pytest.mark.parametrize("width", [1, A])


def close(actual, expected):
    torch.testing.assert_close(
        actual, torch.tensor(expected, dtype=torch.float64), atol=1e-6, rtol=1e-6
    )


def draw(seed, width=1):
    """Logits (T,b,a), variance (T,b,v), targets with a row of zeros, noise (T,b,a)."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    targets = torch.rand(B, A, generator=generator, dtype=torch.float64)
    targets[0] = 0.0
    targets[1] = torch.tensor([0, 0.3, 1, 0, 0])
    return 3 * normal(T, B, A), normal(T, B, width).exp(), targets, normal(T, B, A)


def softmax(row):
    total = sum(math.exp(value) for value in row)
    return [math.exp(value) / total for value in row]


def weights(row):
    total = sum(row)
    return [value / total if total else 0.0 for value in row]


def slow_cross_entropy(logits, target):
    return -sum(y * math.log(p) for y, p in zip(weights(target), softmax(logits), strict=True))


def slow_predictive_variance(logits, variance, b):
    """Equations 4 and 5."""
    passes = [softmax(logits[t][b]) for t in range(T)]
    p = [sum(row[c] for row in passes) / T for c in range(A)]
    entropy = -sum(p[c] * math.log(p[c]) for c in range(A))
    return [
        entropy + sum(variance[t][b][v] for t in range(T)) / T for v in range(len(variance[0][b]))
    ]


def slow_distorted(logits, variance, noise, scale):
    """Equation 2."""
    factor = {"sigma": math.sqrt, "variance": lambda value: value}[scale]
    return [
        [
            [
                logits[t][b][c]
                + noise[t][b][c] * factor(variance[b][c if len(variance[b]) > 1 else 0])
                for c in range(A)
            ]
            for b in range(B)
        ]
        for t in range(T)
    ]


def slow_log_mean_exp(distorted, target, b):
    """Equation 3 for every answer, weighted by its share of the target."""
    total = 0.0
    for c, y in enumerate(weights(target)):
        inner = 0.0
        for t in range(T):
            row = distorted[t][b]
            inner += math.exp(row[c] - math.log(sum(math.exp(value) for value in row)))
        total -= y * math.log(inner / T)
    return total


def slow_mean_ce(distorted, target, b):
    return sum(slow_cross_entropy(distorted[t][b], target) for t in range(T)) / T


def elu(value, alpha):
    return value if value >= 0 else alpha * (math.exp(value) - 1)


SLOW_LIKELIHOODS = {"log_mean_exp": slow_log_mean_exp, "mean_ce": slow_mean_ce}


@seeds
def test_cross_entropy(seed):
    logits, _, targets, _ = draw(seed)
    expected = [
        [slow_cross_entropy(logits[t, b].tolist(), targets[b].tolist()) for b in range(B)]
        for t in range(T)
    ]
    close(cross_entropy(logits, targets), expected)
    close(cross_entropy(logits[0], targets), expected[0])


@seeds
@widths
def test_predictive_variance(seed, width):
    logits, variance, _, _ = draw(seed, width)
    expected = [slow_predictive_variance(logits.tolist(), variance.tolist(), b) for b in range(B)]
    close(predictive_variance(logits, variance), expected)


@seeds
@widths
@pytest.mark.parametrize("scale", ["sigma", "variance"])
def test_distorted_logits(seed, width, scale):
    logits, variance, _, noise = draw(seed, width)
    expected = slow_distorted(logits.tolist(), variance[0].tolist(), noise.tolist(), scale)
    close(distorted_logits(logits, variance[0], noise, scale), expected)
    one = distorted_logits(logits[:1], variance[0], noise, scale)
    expected = slow_distorted([logits[0].tolist()] * T, variance[0].tolist(), noise.tolist(), scale)
    close(one, expected)


@seeds
@pytest.mark.parametrize("form", LIKELIHOODS)
def test_likelihood(seed, form):
    distorted, _, targets, _ = draw(seed)
    slow = SLOW_LIKELIHOODS[form]
    expected = [slow(distorted.tolist(), targets[b].tolist(), b) for b in range(B)]
    close(LIKELIHOODS[form](distorted, targets), expected)


@seeds
def test_mean_ce_is_never_below_log_mean_exp(seed):
    distorted, _, targets, _ = draw(seed)
    gap = LIKELIHOODS["mean_ce"](distorted, targets) - LIKELIHOODS["log_mean_exp"](
        distorted, targets
    )
    assert gap[0] == 0
    assert (gap[1:] > 0).all()


@seeds
@widths
def test_equalisers(seed, width):
    _, variance, _, _ = draw(seed, width)
    rows, other = variance[0].tolist(), variance[1]
    for sigma0_squared in (0.0, 1.0):
        expected = [
            sum(math.exp(value) - math.exp(sigma0_squared) for value in row) / width for row in rows
        ]
        close(EQUALISERS["eq10"](variance[0], other, sigma0_squared), expected)
    expected = [sum(max(0.0, math.exp(value) - math.e) for value in row) / width for row in rows]
    close(EQUALISERS["paper_alg1"](other, variance[0]), expected)


@seeds
@pytest.mark.parametrize("alpha", [1.0, 0.5])
def test_udl(seed, alpha):
    distorted, _, targets, noise = draw(seed)
    lp, ly = LIKELIHOODS["log_mean_exp"](distorted, targets), cross_entropy(noise[0], targets)
    per_pass = cross_entropy(distorted, targets)
    arguments = (distorted, targets, lp, ly, alpha)
    close(UDL_FORMS["elu"](*arguments), [elu(float(lp[b] - ly[b]), alpha) for b in range(B)])
    close(
        UDL_FORMS["paper_alg1"](*arguments), [math.exp(float(ly[b] - lp[b])) ** 2 for b in range(B)]
    )
    expected = [
        sum(-elu(float(ly[b] - per_pass[t, b]), alpha) for t in range(T)) / T for b in range(B)
    ]
    close(UDL_FORMS["released"](*arguments), expected)


def test_the_printed_and_the_released_udl_have_other_signs_of_curvature():
    """ELU(x) >= x >= -ELU(-x): the released form rewards distortion where the printed bounds it."""
    ly = torch.zeros(3, dtype=torch.float64)
    targets = torch.tensor([[1.0, 0.0]] * 3, dtype=torch.float64)
    distorted = torch.tensor([[[2.0, 0.0], [0.0, 0.0], [0.0, 2.0]]], dtype=torch.float64)
    lp = LIKELIHOODS["mean_ce"](distorted, targets)
    printed = UDL_FORMS["elu"](distorted, targets, lp, lp[1] + ly, 1.0)
    released = UDL_FORMS["released"](distorted, targets, lp, lp[1] + ly, 1.0)
    assert printed[0] > released[0]
    assert printed[1] == released[1] == 0
    assert printed[2] > released[2]


def test_rows_without_an_answer_add_nothing():
    logits, _, targets, _ = draw(0)
    assert normalised_targets(targets)[0].tolist() == [0.0] * A
    logits.requires_grad_()
    loss = cross_entropy(logits, targets).sum() + LIKELIHOODS["log_mean_exp"](logits, targets).sum()
    (gradient,) = torch.autograd.grad(loss, logits)
    assert not gradient[:, 0].any()
    assert gradient[:, 1].any()


@given(st.floats(-30, EXPONENT_BOUND))
def test_bounded_exp_is_exp_up_to_its_bound(value):
    assert bounded_exp(torch.tensor(value)).item() == pytest.approx(math.exp(value), rel=1e-5)


@given(st.floats(EXPONENT_BOUND, 1e6))
def test_bounded_exp_is_a_tangent_above_its_bound(value):
    x = torch.tensor(value, requires_grad=True)
    y = bounded_exp(x)
    (slope,) = torch.autograd.grad(y, x)
    limit = math.exp(EXPONENT_BOUND)
    assert y.item() == pytest.approx(limit * (1 + value - EXPONENT_BOUND), rel=1e-5)
    assert slope.item() == pytest.approx(limit, rel=1e-5)


@pytest.mark.parametrize("value", [0.0, 1e-30, 100.0, 1e4])
def test_extreme_variances_have_finite_losses_and_gradients(value):
    logits = torch.zeros(T, B, A, requires_grad=True)
    variance = torch.full((B, 1), value, requires_grad=True)
    targets = torch.rand(B, A)
    distorted = distorted_logits(logits, variance, torch.randn(T, B, A))
    lp = LIKELIHOODS["log_mean_exp"](distorted, targets)
    ly = cross_entropy(logits[0], targets)
    losses = lp + EQUALISERS["eq10"](variance, variance)
    for udl in UDL_FORMS.values():
        losses = losses + udl(distorted, targets, lp, ly, 1.0)
    gradients = torch.autograd.grad(losses.sum(), (logits, variance))
    assert losses.isfinite().all()
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_certain_logits_have_finite_entropy_gradients():
    """softmax underflows to 0 for the losing answers; 0 log 0 must not become NaN."""
    logits = torch.zeros(T, B, A)
    logits[..., 0] = 500.0
    logits.requires_grad_()
    spread = predictive_variance(logits, torch.ones(T, B, 1))
    torch.testing.assert_close(spread, torch.ones(B, 1))
    (gradient,) = torch.autograd.grad(spread.sum(), logits)
    assert gradient.isfinite().all()


def test_bf16_logits_are_widened():
    losses = cross_entropy(torch.zeros(B, A, dtype=torch.bfloat16), torch.ones(B, A))
    assert losses.dtype == torch.float32


def test_unknown_noise_is_named():
    with pytest.raises(UsageError, match=r"noise: 'std' .* sigma, variance"):
        distorted_logits(torch.zeros(1, B, A), torch.ones(B, 1), torch.zeros(T, B, A), "std")
