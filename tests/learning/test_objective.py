import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.models.small import build, inputs
from vqax.errors import BadData, UsageError
from vqax.learning.batches import Batch
from vqax.learning.certainty import CertaintySettings, certainty_mask
from vqax.learning.objective import answer_objective, uncertainty_objective
from vqax.learning.sampling import sample_noise
from vqax.learning.uncertainty import (
    EQUALISERS,
    LIKELIHOODS,
    UDL_FORMS,
    cross_entropy,
    distorted_logits,
    predictive_variance,
)
from vqax.models import MODELS

every_model = pytest.mark.parametrize("name", MODELS)
sources = pytest.mark.parametrize("source", ["aleatoric", "predictive"])


def a_batch(samples=4, dtype=torch.float64):
    visual, tokens = inputs(samples, dtype=dtype)
    generator = torch.Generator().manual_seed(2)
    targets = torch.rand(samples, 5, generator=generator, dtype=dtype)
    ids = torch.arange(samples) * 1000 + 7
    return Batch(ids, ids, visual, tokens, targets)


def rows(batch, chosen):
    return Batch(*(part[chosen] for part in batch))


def generator():
    return torch.Generator().manual_seed(11)


def gradients(name, objective, batch, **options):
    model = build(name, **options).double()
    objective(model, batch, generator()).loss.backward()
    return {
        key: torch.zeros_like(value) if value.grad is None else value.grad
        for key, value in model.named_parameters()
    }


@every_model
@sources
def test_parts_are_the_equations_and_the_loss_is_their_sum(name, source):
    """Without dropout every pass is the forward pass, so all can be computed by hand."""
    model, batch = build(name).double(), a_batch()
    step = uncertainty_objective(source=source, samples=6, eta=0.7)(model, batch, generator())
    output = model(batch.visual, batch.tokens)
    logits, variance = output.logits.expand(6, -1, -1), output.variance
    if source == "predictive":
        variance = predictive_variance(logits, variance.expand(6, -1, -1))
    noise = sample_noise(generator(), batch.question_ids, 6, output.logits)
    distorted = distorted_logits(logits, variance, noise)
    answer = cross_entropy(output.logits, batch.targets)
    likelihood = LIKELIHOODS["log_mean_exp"](distorted, batch.targets)
    parts = {
        {"aleatoric": "aul", "predictive": "pul"}[source]: likelihood,
        "ve": EQUALISERS["eq10"](output.variance, variance),
        "udl": UDL_FORMS["elu"](distorted, batch.targets, likelihood, answer),
    }
    parts["uncertainty_loss"] = sum(parts.values())
    parts |= {"answer_loss": answer, "variance": output.variance.mean(-1)}
    parts |= {"noise_variance": variance.mean(-1)}
    assert set(step.parts) == set(parts)
    for key, value in parts.items():
        torch.testing.assert_close(step.parts[key], value.mean(), msg=key)
        assert not step.parts[key].requires_grad
    expected = (answer + 0.7 * parts["uncertainty_loss"]).mean()
    torch.testing.assert_close(step.loss, expected)


@pytest.mark.parametrize("terms", [("ul",), ("ve", "udl"), ("udl",)])
def test_terms_are_switches(terms):
    step = uncertainty_objective(terms=terms, samples=3)(
        build("san"), a_batch(4, torch.float32), generator()
    )
    names = {"ul": "aul", "ve": "ve", "udl": "udl"}
    expected = sum(step.parts[names[term]] for term in terms)
    torch.testing.assert_close(step.parts["uncertainty_loss"], expected)
    torch.testing.assert_close(step.loss.detach(), step.parts["answer_loss"] + expected)


@every_model
def test_answer_objective(name):
    model, batch = build(name, variance="none").double(), a_batch()
    step = answer_objective()(model, batch, generator())
    expected = cross_entropy(model(batch.visual, batch.tokens).logits, batch.targets).mean()
    torch.testing.assert_close(step.loss, expected)
    assert set(step.parts) == {"answer_loss"}


@sources
@pytest.mark.parametrize("name", ["san", "mcb"])
def test_the_mask_enters_the_one_backward_pass(name, source):
    """Gradient with certainty = gradient without + what Σ mask · f / b would give."""
    batch = a_batch()
    settings = CertaintySettings(gain=50.0)
    plain = gradients(name, uncertainty_objective(source=source, samples=4), batch)
    objective = uncertainty_objective(source=source, samples=4, certainty=settings)
    certain = gradients(name, objective, batch)
    added = mask_gradients(name, source, batch, settings)
    for key in plain:
        torch.testing.assert_close(certain[key], plain[key] + added[key], atol=1e-9, rtol=1e-6)
    assert any(value.abs().max() > 1e-6 for value in added.values())


def mask_gradients(name, source, batch, settings):
    """The gradient of Σ_bl mask_bl Σ_d f_bld / b, the mask being made by hand and held constant."""
    model = build(name).double()
    output = model(batch.visual, batch.tokens)
    logits, variance = output.logits.expand(4, -1, -1), output.variance
    if source == "predictive":
        variance = predictive_variance(logits, variance.expand(4, -1, -1))
    noise = sample_noise(generator(), batch.question_ids, 4, output.logits)
    distorted = distorted_logits(logits, variance, noise)
    answer = cross_entropy(output.logits, batch.targets)
    likelihood = LIKELIHOODS["log_mean_exp"](distorted, batch.targets)
    udl = UDL_FORMS["elu"](distorted, batch.targets, likelihood, answer)
    uncertainty = likelihood + EQUALISERS["eq10"](output.variance, variance) + udl
    mask = certainty_mask(answer, uncertainty, [output.attended], settings)
    (mask * output.attended).sum().div(len(mask)).backward()
    return {
        key: torch.zeros_like(value) if value.grad is None else value.grad
        for key, value in model.named_parameters()
    }


@every_model
@sources
@pytest.mark.parametrize("parts", [1, 2, 4])
def test_gradient_of_the_batch_is_the_mean_over_its_parts(name, source, parts):
    """Neither the batch size nor the number of processes changes the update (no dropout)."""
    batch = a_batch(8)
    settings = CertaintySettings(gain=50.0)
    objective = uncertainty_objective(source=source, samples=4, certainty=settings)
    whole = gradients(name, objective, batch)
    pieces = [
        gradients(name, objective, rows(batch, chosen))
        for chosen in torch.arange(8).chunk(8 // parts)
    ]
    for key, value in whole.items():
        mean = sum(piece[key] for piece in pieces) / len(pieces)
        torch.testing.assert_close(mean, value, atol=1e-9, rtol=1e-6)


@pytest.mark.parametrize("name", ["san", "mcb"])
def test_full_passes_without_dropout_equal_head_passes(name):
    found = [
        gradients(
            name,
            uncertainty_objective(
                source="predictive",
                samples=3,
                mc_scope=scope,
                certainty=CertaintySettings(gain=50.0),
            ),
            a_batch(),
        )
        for scope in ("head", "full")
    ]
    for key in found[0]:
        torch.testing.assert_close(found[1][key], found[0][key], atol=1e-9, rtol=1e-6)


def test_lstm_qi_has_nothing_below_f_to_steer():
    plain = gradients("lstm_qi", uncertainty_objective(samples=3), a_batch())
    objective = uncertainty_objective(samples=3, certainty=CertaintySettings())
    certain = gradients("lstm_qi", objective, a_batch())
    for key in plain:
        torch.testing.assert_close(certain[key], plain[key])


def test_eta_zero_keeps_the_certainty_gradient_as_a_control():
    batch = a_batch()
    answer = gradients("mcb", answer_objective(), batch)
    control = uncertainty_objective(samples=3, eta=0.0, certainty=CertaintySettings(gain=50.0))
    certain = gradients("mcb", control, batch)
    torch.testing.assert_close(certain["head.answer.weight"], answer["head.answer.weight"])
    key = "attention_map.0.weight"
    assert not torch.allclose(certain[key], answer[key], atol=1e-6)


def test_peak_of_the_mask_is_reported_once_backward_has_passed():
    for settings, low, high in (
        (CertaintySettings(reduction="product"), 0.999, 1.001),
        (CertaintySettings(gain=1e5), 2.0, 6.001),  # 6: all on one of the cells
    ):
        objective = uncertainty_objective(samples=3, certainty=settings)
        step = objective(build("mcb"), a_batch(4, torch.float32), generator())
        step.loss.backward()
        assert low < step.parts["certainty_peak"] < high


def test_a_mask_that_overflows_in_the_backward_pass_names_the_parameter():
    settings = CertaintySettings(gain=1e8, negative_gain=-1e308)
    objective = uncertainty_objective(samples=3, certainty=settings)
    step = objective(build("mcb"), a_batch(4, torch.float32), generator())
    with pytest.raises(BadData, match="negative_gain"):
        step.loss.backward()


@every_model
@sources
@pytest.mark.parametrize("variance", ["scalar", "per_answer"])
def test_bf16_autocast_with_everything_on(name, source, variance):
    model = build(name, dropout=0.5, variance=variance)
    objective = uncertainty_objective(source=source, samples=3, certainty=CertaintySettings())
    with torch.autocast("cpu", torch.bfloat16):
        step = objective(model, a_batch(4, torch.float32), generator())
    step.loss.backward()
    assert step.loss.dtype == torch.float32
    assert all(value.grad.isfinite().all() for value in model.parameters())


def test_no_gradient_wanted_no_certainty_made():
    objective = uncertainty_objective(samples=3, certainty=CertaintySettings())
    with torch.no_grad():
        step = objective(build("mcb"), a_batch(4, torch.float32), generator())
    assert "certainty_peak" not in step.parts


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "epistemic"}, r"source: 'epistemic' .* aleatoric, predictive"),
        ({"terms": ["aul"]}, r"terms: 'aul' .* ul, ve, udl"),
        ({"terms": []}, r"terms=\[\]"),
        ({"samples": 0}, "samples=0"),
        ({"noise": "std"}, r"noise: 'std' .* sigma, variance"),
        ({"likelihood": "ce"}, r"likelihood: 'ce' .* log_mean_exp, mean_ce"),
        ({"udl_form": "relu"}, r"udl_form: 'relu' .* elu, paper_alg1, released"),
        ({"ve_form": "exp"}, r"ve_form: 'exp' .* eq10, paper_alg1"),
        ({"mc_scope": "tail"}, r"mc_scope: 'tail' .* head, full"),
    ],
)
def test_unknown_options_are_named(options, message):
    with pytest.raises(UsageError, match=message):
        uncertainty_objective(**options)


def test_two_processes_average_to_the_gradient_of_one():
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    result = subprocess.run(
        [*command, "-m", "tests.learning.two_ranks"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("difference") == 2
