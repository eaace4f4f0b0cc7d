"""What the variance of every model in MODELS reads: the logits, the image or the question."""

import pytest
import torch

from tests.models.small import ANSWERS, answering, build, inputs
from vqax.errors import UsageError
from vqax.explain.predict import mc_predict
from vqax.learning.batches import Batch
from vqax.learning.objective import uncertainty_objective
from vqax.models import MODELS
from vqax.models.head import VARIANCE_INPUTS

BLIND = ("lstm_qi", "deeper_lstm")
every_model = pytest.mark.parametrize("name", MODELS)
every_input = pytest.mark.parametrize("variance_input", VARIANCE_INPUTS)
alone = pytest.mark.parametrize("variance_input", ["image", "question"])


def a_batch(dtype=torch.float32):
    visual, tokens = inputs(dtype=dtype)
    targets = torch.rand(4, ANSWERS, generator=torch.Generator().manual_seed(2), dtype=dtype)
    return Batch(torch.arange(4), torch.arange(4), visual, tokens, targets)


@every_model
def test_logits_is_the_default_and_changes_nothing(name):
    plain, named = build(name)(*inputs()), build(name, variance_input="logits")(*inputs())
    for a, b in zip(plain, named, strict=True):
        assert a is b or torch.equal(a, b)


@every_model
@alone
def test_answer_and_maps_do_not_depend_on_it(name, variance_input):
    plain, other = build(name)(*inputs()), build(name, variance_input=variance_input)(*inputs())
    torch.testing.assert_close(other.logits, plain.logits)
    torch.testing.assert_close(other.attended, plain.attended)
    torch.testing.assert_close(other.combined[:, : plain.combined.shape[1]], plain.combined)


@every_model
@pytest.mark.parametrize("variance", ["scalar", "per_answer"])
def test_question_alone_knows_no_picture(name, variance):
    visual, tokens = inputs()
    model = build(name, variance=variance, variance_input="question")
    one, other = model(visual, tokens), model(visual.flip(0) + 1, tokens)
    assert torch.equal(one.variance, other.variance)
    assert not torch.equal(one.variance, model(visual, tokens.flip(1)).variance)
    torch.testing.assert_close(one.combined[:, -one.question.shape[1] :], one.question)


@every_model
def test_image_alone_is_the_pooled_attended_picture(name):
    visual, tokens = inputs()
    output = build(name, variance_input="image")(visual, tokens)
    pooled = output.attended.sum(1)
    if name in BLIND:  # no question in it
        other = build(name, variance_input="image")(visual, tokens.flip(1))
        assert torch.equal(other.variance, output.variance)
    else:
        torch.testing.assert_close(output.combined[:, -pooled.shape[1] :], pooled)


@every_model
@every_input
def test_gradient_of_the_variance_at_the_attended_map(name, variance_input):
    visual, tokens = inputs()
    output = build(name, variance_input=variance_input)(visual.requires_grad_(), tokens)
    (gradient,) = torch.autograd.grad(output.variance.sum(), output.attended)
    assert bool(gradient.any()) == (variance_input != "question")


@pytest.mark.parametrize("name", [name for name in MODELS if name not in BLIND])
@every_input
@pytest.mark.parametrize("source", ["aleatoric", "predictive"])
def test_the_certainty_gradient_has_a_direction_for_every_input(name, variance_input, source):
    """From the question too: the noise distorts logits, and these depend on the attended map."""
    objective = uncertainty_objective(source=source, samples=3, certainty={"gain": 1e5})
    model = build(name, variance_input=variance_input, dropout=0.5)
    step = objective(model, a_batch(), torch.Generator().manual_seed(3))
    step.loss.backward()
    assert step.parts["certainty_peak"] > 1.01


@every_model
@every_input
@pytest.mark.parametrize("variance", ["scalar", "per_answer"])
def test_bf16_and_every_parameter(name, variance_input, variance):
    objective = uncertainty_objective(source="predictive", samples=3)
    model = build(name, variance=variance, variance_input=variance_input, dropout=0.5)
    with torch.autocast("cpu", torch.bfloat16):
        step = objective(model, a_batch(), torch.Generator().manual_seed(3))
    step.loss.backward()
    assert all(value.grad.isfinite().all() for _, value in answering(name, model))
    assert model.head.variance.weight.grad.any()


@every_model
@alone
def test_monte_carlo_passes_vary_the_variance(name, variance_input):
    model = build(name, variance_input=variance_input, dropout=0.5)
    prediction = mc_predict(model, *inputs(), samples=8, generator_seed=0)
    assert prediction.variance.shape == (8, 4)
    assert (prediction.variance.std(0) > 0).all()
    assert (prediction.probabilities.std(0) > 0).all()


@every_model
def test_unknown_input_is_named(name):
    with pytest.raises(UsageError, match=r"variance_input: 'answer' .* logits, image, question"):
        build(name, variance_input="answer")
