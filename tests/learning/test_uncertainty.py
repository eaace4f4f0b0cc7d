"""The losses against their literal twins, in value and in gradient, and their limits."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.learning import literal
from vqax.errors import UsageError
from vqax.learning.uncertainty import (
    EQUALISERS,
    EXPONENT_BOUND,
    LIKELIHOODS,
    NOISE_SCALE,
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


def draw(seed, width=1):
    """Logits (T,b,a), variance (T,b,v), targets with a row of zeros, noise (T,b,a)."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    targets = torch.rand(B, A, generator=generator, dtype=torch.float64)
    targets[0] = 0.0
    targets[1] = torch.tensor([0, 0.3, 1, 0, 0])
    logits, variance = 3 * normal(T, B, A), normal(T, B, width).exp()
    return logits.requires_grad_(), variance.requires_grad_(), targets, normal(T, B, A)


def table(rows):
    """Nested lists of numbers as one tensor that gradients flow through."""
    return rows if isinstance(rows, torch.Tensor) else torch.stack([table(row) for row in rows])


def same(actual, rows, *inputs):
    """Equal values, and equal gradients of an uneven sum at ``inputs``."""
    expected = table(rows)
    torch.testing.assert_close(actual, expected, atol=1e-6, rtol=1e-6)
    uneven = torch.arange(1.0, 1.0 + actual.numel(), dtype=torch.float64).view_as(actual)
    for value in inputs:
        fast, slow = (
            torch.autograd.grad((uneven * x).sum(), value, retain_graph=True)[0]
            for x in (actual, expected)
        )
        assert fast.any()
        torch.testing.assert_close(fast, slow, atol=1e-6, rtol=1e-6)


def test_every_form_has_a_twin():
    assert set(literal.LIKELIHOODS) == set(LIKELIHOODS)
    assert set(literal.EQUALISERS) == set(EQUALISERS)
    assert {*literal.UDL_FORMS, "released"} == set(UDL_FORMS)


@seeds
def test_cross_entropy(seed):
    logits, _, targets, _ = draw(seed)
    rows = [[literal.cross_entropy(logits[t, b], targets[b]) for b in range(B)] for t in range(T)]
    same(cross_entropy(logits, targets), rows, logits)
    same(cross_entropy(logits[0], targets), rows[0], logits)


@seeds
@widths
def test_predictive_variance(seed, width):
    logits, variance, _, _ = draw(seed, width)
    rows = [literal.predictive_variance(logits[:, b], variance[:, b]) for b in range(B)]
    same(predictive_variance(logits, variance), rows, logits, variance)


@seeds
@widths
@pytest.mark.parametrize("scale", NOISE_SCALE)
@pytest.mark.parametrize("passes", [1, T])
def test_distorted_logits(seed, width, scale, passes):
    logits, variance, _, noise = draw(seed, width)
    rows = [
        literal.distorted(logits[:passes, b], variance[0, b], noise[:, b], scale) for b in range(B)
    ]
    fast = distorted_logits(logits[:passes], variance[0], noise, scale)
    same(fast.transpose(0, 1), rows, logits, variance)


@seeds
@pytest.mark.parametrize("form", LIKELIHOODS)
def test_likelihood(seed, form):
    logits, _, targets, _ = draw(seed)
    rows = [literal.LIKELIHOODS[form](logits[:, b], targets[b]) for b in range(B)]
    same(LIKELIHOODS[form](logits, targets), rows, logits)


@seeds
def test_mean_ce_is_never_below_log_mean_exp(seed):
    logits, _, targets, _ = draw(seed)
    gap = LIKELIHOODS["mean_ce"](logits, targets) - LIKELIHOODS["log_mean_exp"](logits, targets)
    assert gap[0] == 0
    assert (gap[1:] > 0).all()


@seeds
@widths
@pytest.mark.parametrize("form", EQUALISERS)
@pytest.mark.parametrize("sigma0_squared", [0.0, 1.0])
def test_equalisers(seed, width, form, sigma0_squared):
    _, variance, _, _ = draw(seed, width)
    rows = [
        literal.EQUALISERS[form](variance[0, b], variance[1, b], sigma0_squared) for b in range(B)
    ]
    same(EQUALISERS[form](variance[0], variance[1], sigma0_squared), rows, variance)


@seeds
@pytest.mark.parametrize("alpha", [1.0, 0.5])
@pytest.mark.parametrize("form", literal.UDL_FORMS)
def test_udl(seed, alpha, form):
    logits, _, targets, noise = draw(seed)
    undistorted = noise[0].requires_grad_()
    lp, ly = LIKELIHOODS["log_mean_exp"](logits, targets), cross_entropy(undistorted, targets)
    rows = [
        literal.UDL_FORMS[form](
            logits[:, b],
            targets[b],
            literal.log_mean_exp(logits[:, b], targets[b]),
            literal.cross_entropy(undistorted[b], targets[b]),
            alpha,
        )
        for b in range(B)
    ]
    same(UDL_FORMS[form](logits, targets, lp, ly, alpha), rows, logits, undistorted)


@seeds
@pytest.mark.parametrize("alpha", [1.0, 0.5])
def test_the_released_udl_is_of_batch_means(seed, alpha):
    """Literally: a mean cross entropy of the batch for each pass, and only then ELU."""
    logits, _, targets, noise = draw(seed)
    undistorted = noise[0].requires_grad_()
    ly = cross_entropy(undistorted, targets)
    mean_ly = sum(literal.cross_entropy(undistorted[b], targets[b]) for b in range(B)) / B
    passes = []
    for t in range(T):
        each = [literal.cross_entropy(logits[t, b], targets[b]) for b in range(B)]
        passes.append(-literal.elu(mean_ly - sum(each) / B, alpha))
    rows = [sum(passes) / T] * B
    found = UDL_FORMS["released"](logits, targets, ly, ly, alpha)
    same(found, rows, logits, undistorted)
    alone = UDL_FORMS["released_per_sample"](logits, targets, ly, ly, alpha)
    assert not torch.allclose(found.mean(), alone.mean(), rtol=1e-3)


def test_of_one_sample_both_released_forms_are_the_same():
    logits, _, targets, noise = draw(0)
    one = logits[:, :1], targets[:1], *([cross_entropy(noise[0][:1], targets[:1])] * 2), 1.0
    torch.testing.assert_close(UDL_FORMS["released"](*one), UDL_FORMS["released_per_sample"](*one))


def test_the_printed_and_the_released_udl_have_other_signs_of_curvature():
    """ELU(x) >= x >= -ELU(-x): the released form rewards distortion where the printed bounds it."""
    ly = torch.zeros(3, dtype=torch.float64)
    targets = torch.tensor([[1.0, 0.0]] * 3, dtype=torch.float64)
    distorted = torch.tensor([[[2.0, 0.0], [0.0, 0.0], [0.0, 2.0]]], dtype=torch.float64)
    lp = LIKELIHOODS["mean_ce"](distorted, targets)
    reported = UDL_FORMS["elu"](distorted, targets, lp, lp[1] + ly, 1.0)
    released = UDL_FORMS["released_per_sample"](distorted, targets, lp, lp[1] + ly, 1.0)
    assert reported[0] > released[0]
    assert reported[1] == released[1] == 0
    assert reported[2] > released[2]


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
