import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.models.small import answering, build, inputs
from vqax.errors import BadData, UsageError
from vqax.learning import NEEDS_EVIDENCE, NEEDS_KEY_OBJECTS, NEEDS_VARIANCE, OBJECTIVES
from vqax.learning.batches import Batch
from vqax.learning.certainty import CertaintySettings
from vqax.learning.loop import train
from vqax.learning.objective import answer_objective, check_objective, uncertainty_objective
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
from vqax.models.evidential_answers import EvidentialAnswers
from vqax.settings import OptimiserSettings, TrainSettings

every_model = pytest.mark.parametrize("name", MODELS)
sources = pytest.mark.parametrize("source", ["aleatoric", "predictive"])


def a_batch(samples=4, dtype=torch.float64):
    visual, tokens = inputs(samples, dtype=dtype)
    generator = torch.Generator().manual_seed(2)
    targets = torch.rand(samples, 5, generator=generator, dtype=dtype)
    ids = torch.arange(samples) * 1000 + 7
    return Batch(ids, ids, visual, tokens, targets)


def rows(batch, chosen):
    return batch.each(lambda part: part[chosen])


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


@every_model
def test_answer_objective(name):
    model, batch = build(name, variance="none").double(), a_batch()
    step = answer_objective()(model, batch, generator())
    expected = cross_entropy(model(batch.visual, batch.tokens).logits, batch.targets).mean()
    torch.testing.assert_close(step.loss, expected)
    assert set(step.parts) == {"answer_loss"}


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


@sources
def test_the_mask_does_not_depend_on_eta_even_in_bf16(source):
    """Where η is small, g_u is no longer read off the backward pass, which would lose it."""
    peaks = []
    for eta in (0.0, 1e-4, 0.01, 0.2, 0.5, 1.0, 5.0):
        certainty = CertaintySettings(gain=1e4)
        objective = uncertainty_objective(source=source, samples=3, eta=eta, certainty=certainty)
        with torch.autocast("cpu", torch.bfloat16):
            step = objective(build("mcb"), a_batch(8, torch.float32), generator())
        step.loss.backward()
        peaks.append(float(step.parts["certainty_peak"]))
    assert min(peaks) > 1.5
    assert max(peaks) < 1.02 * min(peaks)


class Rows:
    """Rows of one batch as a data set."""

    def __init__(self):
        hints, words = torch.eye(8, 6), torch.ones(8, dtype=torch.int64)
        self.all = a_batch(8, torch.float32)._replace(hints=hints, question_type_words=words)

    def __len__(self):
        return 8

    def batch(self, chosen):
        return rows(self.all, torch.from_numpy(chosen))


def train_two_epochs(folder, objective, model, train_set=None):
    settings = TrainSettings(2, 4, 0, OptimiserSettings("sgd", 0.01))
    train(model, objective, train_set or Rows(), None, settings, checkpoint_dir=folder)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gain": 1e8, "negative_gain": -1e308}, r"negative_gain=-1e\+308"),
        ({"gain": 1e300}, r"gain=1e\+300"),
        ({"gain": 0.0, "normaliser": "sum"}, "normaliser=sum .* use normaliser softmax"),
    ],
)
@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_an_undefined_mask_names_the_step_and_the_parameter(tmp_path, options, message, eta):
    objective = uncertainty_objective(samples=3, eta=eta, certainty=options)
    with pytest.raises(BadData, match=r"^epoch 1, step 1: certainty mask: .*" + message):
        train_two_epochs(tmp_path, objective, build("mcb"))


def test_a_variance_that_overflows_later_on_names_its_step_and_its_value(tmp_path):
    model = build("mcb")

    class Spoilt(Rows):
        """Makes σ² infinite as the last batch of the second epoch is read."""

        reads = 0

        def batch(self, chosen):
            self.reads += 1
            if self.reads == 4:
                model.head.variance.bias.data.fill_(float("inf"))
            return super().batch(chosen)

    objective = uncertainty_objective(samples=3, certainty=CertaintySettings())
    with pytest.raises(BadData, match=r"^epoch 2, step 2: .* largest σ² of inf; lower"):
        train_two_epochs(tmp_path, objective, model, Spoilt())


OF_FEW_CELLS = {"attreg": {"keep_top": 2}}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_that_needs_a_variance_says_so_before_training(name):
    objective, complete = OBJECTIVES[name](**OF_FEW_CELLS.get(name, {})), build("san", dropout=0.5)
    model = build("san", variance="none", dropout=0.5)
    if name in NEEDS_EVIDENCE:
        with pytest.raises(UsageError, match="evidence: the answer head of this San gives none"):
            check_objective(model, objective, Rows())
        for one in (model, complete):
            one.head = EvidentialAnswers(one.head)
    state, weights = torch.get_rng_state(), {k: v.clone() for k, v in model.state_dict().items()}
    if name in NEEDS_VARIANCE:
        with pytest.raises(UsageError, match="variance: this model predicts none"):
            check_objective(model, objective, Rows())
    else:
        check_objective(model, objective, Rows())
    check_objective(complete, objective, Rows())
    assert model.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, weights[key]) for key, value in model.state_dict().items())


def test_a_model_without_attention_is_named_before_training():
    objective = uncertainty_objective(certainty=CertaintySettings(inject="attention"))
    check_objective(build("san"), objective, Rows())
    with pytest.raises(UsageError, match=r"certainty\.inject: .* use inject attended"):
        check_objective(build("lstm_qi"), objective, Rows())


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
    assert all(value.grad.isfinite().all() for _, value in answering(name, model))


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
        ({"terms": []}, r"terms: \[\] names none"),
        ({"terms": ["ul", "ve", "ul"]}, r"terms: .* one twice; .* ul, ve, udl"),
        ({"samples": 0}, "samples: 0 is not a finite number of 1 or more"),
        ({"eta": -1.0}, r"eta: -1\.0 is not a finite number of 0 or more"),
        ({"eta": float("nan")}, "eta: nan is not"),
        ({"alpha": float("inf")}, "alpha: inf is not"),
        ({"sigma0_squared": 800.0}, r"sigma0_squared: 800\.0 is not a finite number from 0 to 20"),
        ({"certainty": {"gian": 2.0}}, r"certainty: 'gian' .* gain, negative_gain"),
        ({"noise": "std"}, r"noise: 'std' .* sigma, variance"),
        ({"likelihood": "ce"}, r"likelihood: 'ce' .* log_mean_exp, mean_ce"),
        ({"udl_form": "relu"}, r"udl_form: 'relu' .* elu, .*, released, released_per_sample"),
        ({"ve_form": "exp"}, r"ve_form: 'exp' .* eq10, paper_alg1"),
        ({"mc_scope": "tail"}, r"mc_scope: 'tail' .* head, full"),
    ],
)
def test_wrong_options_are_named(options, message):
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


@pytest.mark.parametrize("name", sorted(NEEDS_KEY_OBJECTS))
def test_an_objective_that_needs_key_objects_says_so_before_training(name):
    data = Rows()
    data.all = data.all._replace(hints=None)
    objective = OBJECTIVES[name](**OF_FEW_CELLS.get(name, {}))
    with pytest.raises(UsageError, match=f"objective {name}: it needs key objects"):
        check_objective(build("san", variance="none"), objective, data)
