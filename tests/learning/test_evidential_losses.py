"""The losses against golden numbers, literal twins and torch.distributions."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import digamma, gammaln
from torch.distributions import Dirichlet, kl_divergence

from vqax.errors import BadData, UsageError
from vqax.learning.evidential_losses import (
    RISKS,
    annealing_weight,
    cross_entropy_risk,
    evidential_loss,
    kl_to_uniform,
    one_hot,
    type_two_likelihood,
)
from vqax.models.evidence import (
    EVIDENCES,
    LARGEST_EXPONENT,
    EvidenceOverflow,
    belief_masses,
    dirichlet,
    uncertainty_mass,
)

RELEASED = {
    "edl_mse_loss": "squared_error",
    "edl_log_loss": "type_two_likelihood",
    "edl_digamma_loss": "cross_entropy",
}
ALPHA = arrays(np.float64, (3, 4), elements=st.floats(1, 50))
LOGITS = arrays(np.float64, (3, 4), elements=st.floats(-8, 8))


@pytest.fixture(scope="module")
def golden(shared):
    return json.loads((shared / "golden" / "reference.json").read_text())["EDL thearkamitra"]


def golden_input():
    fractions = (np.arange(1, 51) * 0.6180339887498949) % 1
    logits = (-3 + 9 * fractions).reshape(5, 10).astype(np.float32)
    return torch.from_numpy(logits), one_hot(torch.tensor([0, 3, 5, 9, 2]), 10)


@pytest.mark.parametrize("epoch", [0, 5, 10, 50])
@pytest.mark.parametrize("name", RELEASED)
def test_golden_losses(golden, name, epoch):
    loss = evidential_loss(*golden_input(), epoch, risk=RELEASED[name], annealing=10)
    # the released KL is of single precision, and 3e-6 off
    assert loss.mean().item() == pytest.approx(golden[f"{name}@{epoch}"], abs=5e-6)


def test_golden_kl(golden):
    kl = kl_to_uniform(dirichlet(golden_input()[0]).double()).mean().item()
    # of the two stored single-precision results, torch's is the nearer to the exact one
    assert kl == pytest.approx(golden["kl"], abs=5e-6)
    assert kl == pytest.approx(golden["kl_torch_dirichlet"], abs=1e-6)


def slow_loss(logits, target, risk, evidence, weight):
    """One sample, class by class, as Sensoy et al. print it."""
    functions = {
        "relu": lambda x: max(x, 0.0),
        "softplus": lambda x: math.log1p(math.exp(x)),
        "exp": math.exp,
    }
    alpha = [functions[evidence](x) + 1 for x in logits]
    total, misleading = sum(alpha), [y + (1 - y) * a for y, a in zip(target, alpha, strict=True)]
    data = 0.0
    for a, y in zip(alpha, target, strict=True):
        if risk == "squared_error":
            data += (y - a / total) ** 2 + a * (total - a) / (total**2 * (total + 1))
        elif risk == "cross_entropy":
            data += y * (digamma(total) - digamma(a))
        else:
            data += y * (math.log(total) - math.log(a))
    strength = sum(misleading)
    kl = gammaln(strength) - gammaln(len(alpha))
    for a in misleading:
        kl += -gammaln(a) + (a - 1) * (digamma(a) - digamma(strength))
    return data + weight * kl


@pytest.mark.parametrize("evidence", EVIDENCES)
@pytest.mark.parametrize("risk", RISKS)
def test_equals_the_literal_twin(risk, evidence):
    rng = np.random.default_rng(3)
    logits, targets = 3 * rng.normal(size=(4, 5)), rng.random((4, 5))
    targets[0] = [0, 1, 0, 0, 0]
    expected = [slow_loss(x, y, risk, evidence, 0.3) for x, y in zip(logits, targets, strict=True)]
    inputs = torch.from_numpy(logits), torch.from_numpy(targets)
    loss = evidential_loss(*inputs, 3, risk=risk, evidence=evidence, annealing=10)
    np.testing.assert_allclose(loss, expected, rtol=1e-9)


@given(ALPHA)
@settings(deadline=None)
def test_kl_equals_that_of_torch(values):
    alpha = torch.from_numpy(values)
    expected = kl_divergence(Dirichlet(alpha), Dirichlet(torch.ones_like(alpha)))
    torch.testing.assert_close(kl_to_uniform(alpha), expected, atol=1e-9, rtol=1e-9)


@given(ALPHA)
@settings(deadline=None)
def test_risks_are_expectations_in_order(values):
    """Jensen: the expected cross entropy is never below minus log of the expected likelihood."""
    alpha = torch.from_numpy(values)
    targets = one_hot(torch.tensor([0, 1, 3]), 4).double()
    assert (cross_entropy_risk(alpha, targets) >= type_two_likelihood(alpha, targets)).all()
    assert (kl_to_uniform(alpha) >= -1e-12).all()


def test_squared_error_is_the_mean_over_draws():
    alpha, target = torch.tensor([[2.0, 5.0, 1.5]]), torch.tensor([[0.0, 1.0, 0.0]])
    draws = np.random.default_rng(0).dirichlet(alpha[0].numpy(), 200_000)
    expected = np.square(draws - target.numpy()).sum(1).mean()
    assert RISKS["squared_error"](alpha, target).item() == pytest.approx(expected, abs=2e-3)


@given(LOGITS, st.sampled_from(sorted(EVIDENCES)))
@settings(deadline=None)
def test_belief_and_uncertainty_sum_to_one(values, evidence):
    alpha = dirichlet(torch.from_numpy(values), evidence)
    belief, u = belief_masses(alpha), uncertainty_mass(alpha)
    assert (belief >= 0).all()
    assert ((u > 0) & (u <= 1)).all()
    torch.testing.assert_close(belief.sum(-1) + u, torch.ones_like(u))


def test_no_evidence_is_complete_uncertainty():
    alpha = dirichlet(torch.tensor([[-3.0, -0.5, 0.0]]))
    assert uncertainty_mass(alpha).tolist() == [1.0]
    assert belief_masses(alpha).tolist() == [[0.0, 0.0, 0.0]]
    assert kl_to_uniform(alpha).item() == pytest.approx(0, abs=1e-6)


def test_evidence_for_the_target_is_not_held_against_it():
    target = torch.tensor([[1.0, 0.0]])
    losses = [evidential_loss(torch.tensor([[e, 0.0]]), target, 10).item() for e in (5.0, 500.0)]
    assert losses[1] < losses[0] < 0.1
    assert evidential_loss(torch.tensor([[0.0, 500.0]]), target, 10).item() > 3


@pytest.mark.parametrize("risk", RISKS)
def test_large_evidence_stays_finite_in_value_and_gradient(risk):
    logits = torch.tensor([[7650.0, -10.0, 1e12], [0.0, 1e12, 1e12]], requires_grad=True)
    loss = evidential_loss(logits, one_hot(torch.tensor([0, 1]), 3), 10, risk=risk)
    loss.sum().backward()
    assert loss.isfinite().all()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_precision_is_that_of_the_logits_but_at_least_32_bits(dtype):
    loss = evidential_loss(torch.zeros(2, 3, dtype=dtype), one_hot(torch.tensor([0, 1]), 3), 0)
    assert loss.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)


@pytest.mark.parametrize("value", [LARGEST_EXPONENT + 0.5, float("inf"), float("nan")])
def test_exponential_overflow_is_named_with_its_remedy(value):
    logits = torch.tensor([[0.0, value]])
    with pytest.raises(EvidenceOverflow, match=r"exp overflows.*above 30; use evidence softplus"):
        dirichlet(logits, "exp")
    assert dirichlet(torch.tensor([[0.0, LARGEST_EXPONENT]]), "exp").isfinite().all()


def test_one_class_is_refused():
    with pytest.raises(UsageError, match=r"^1 class: .*at least two"):
        dirichlet(torch.zeros(2, 1))


@pytest.mark.parametrize(
    ("option", "match"), [("risk", "risk: 'x'"), ("evidence", "evidence: 'x'")]
)
def test_unknown_options_are_named(option, match):
    with pytest.raises(UsageError, match=match):
        evidential_loss(torch.zeros(1, 2), torch.zeros(1, 2), 0, **{option: "x"})


@pytest.mark.parametrize("label", [-1, 3])
def test_label_outside_the_classes(label):
    with pytest.raises(BadData, match=rf"label {label} in row 1 is outside 0\.\.2"):
        one_hot(torch.tensor([0, label]), 3)


def test_annealing_starts_at_zero_and_ends_at_one():
    assert [annealing_weight(epoch, 10) for epoch in (0, 5, 10, 50)] == [0.0, 0.5, 1.0, 1.0]
    assert annealing_weight(0, 0) == 1.0
