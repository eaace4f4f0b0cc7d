"""Every head: what it predicts, what it is trained on, and that it leaves the model alone."""

import math

import pytest
import torch
from torch.nn import functional

from tests.evidential.tiny import TinyNet, stripes, tensors
from vqax.errors import BadData, UsageError
from vqax.evidential.heads import (
    HEADS,
    EvidentialHead,
    GaussianDropoutHead,
    MonteCarloDropoutHead,
    SoftmaxHead,
    predict,
    relative_entropy,
)
from vqax.evidential.variational import kl_of
from vqax.learning.evidential_losses import evidential_loss, one_hot

IMAGES, LABELS = tensors(stripes(7))


def build(name, **options):
    head = HEADS[name](**({"examples": 7} if name == "gaussian_dropout" else {}), **options)
    torch.manual_seed(0)
    return head, TinyNet(linear=head.linear)


@pytest.mark.parametrize("name", HEADS)
def test_predictions_are_probabilities(name):
    head, model = build(name)
    found = predict(model, head, IMAGES, seed=0)
    torch.testing.assert_close(found.probabilities.sum(1), torch.ones(7))
    assert ((found.uncertainty >= 0) & (found.uncertainty <= 1)).all()
    assert found.label.shape == (7,)
    if found.belief is None:
        assert name != "evidential"
    else:
        torch.testing.assert_close(found.belief.sum(1) + found.uncertainty, torch.ones(7))


@pytest.mark.parametrize("name", HEADS)
def test_predict_leaves_the_model_and_the_random_state(name):
    head, model = build(name)
    model.train()
    model.conv.eval()
    state = {key: value.clone() for key, value in model.state_dict().items()}
    before = torch.get_rng_state()
    predict(model, head, IMAGES, seed=5)
    assert torch.equal(torch.get_rng_state(), before)
    assert model.training
    assert not model.conv.training
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert all(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("name", ["monte_carlo_dropout", "gaussian_dropout"])
def test_samples_follow_the_seed(name):
    head, model = build(name, samples=4)
    with torch.no_grad():
        if name == "gaussian_dropout":
            model.answer.log_variance.fill_(-1.0)
    first, same, other = (predict(model, head, IMAGES, seed=s).probabilities for s in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_sampled_probabilities_are_the_mean_of_the_passes():
    head, model = build("monte_carlo_dropout", samples=3)
    found = predict(model, head, IMAGES, seed=9).probabilities
    torch.manual_seed(9)
    model.train()
    with torch.no_grad():
        passes = [functional.softmax(model(IMAGES), -1) for _ in range(3)]
    torch.testing.assert_close(found, sum(passes) / 3)


def test_a_head_without_noise_is_the_softmax():
    _, model = build("monte_carlo_dropout")
    model.dropout.rate = 0.0
    sampled = predict(model, MonteCarloDropoutHead(samples=2), IMAGES, seed=0)
    plain = predict(model, SoftmaxHead(), IMAGES, seed=0)
    torch.testing.assert_close(sampled.probabilities, plain.probabilities)


def test_batches_do_not_matter_without_sampling():
    head, model = build("evidential")
    whole, parts = (predict(model, head, IMAGES, seed=0, batch_size=b) for b in (7, 3))
    torch.testing.assert_close(whole.belief, parts.belief)


def test_the_label_is_the_highest_logit_where_relu_leaves_no_evidence():
    head, model = build("evidential")
    with torch.no_grad():
        model.answer.weight.zero_()
        model.answer.bias.copy_(torch.tensor([-3.0, -2.0, -1.0]))
    found = predict(model, head, IMAGES, seed=0)
    assert found.label.tolist() == [2] * 7
    assert found.uncertainty.tolist() == [1.0] * 7


def test_cross_entropy_of_softmax():
    head, model = build("softmax")
    model.eval()
    expected = functional.cross_entropy(model(IMAGES), LABELS, reduction="none")
    torch.testing.assert_close(head.losses(model, IMAGES, LABELS, 0), expected)


def test_evidential_losses_pass_their_options_on():
    head = EvidentialHead(risk="cross_entropy", evidence="softplus", annealing=4)
    model = TinyNet().eval()
    expected = evidential_loss(
        model(IMAGES), one_hot(LABELS, 3), 3, risk="cross_entropy", evidence="softplus",
        annealing=4,
    )  # fmt: skip
    torch.testing.assert_close(head.losses(model, IMAGES, LABELS, 3), expected)


def test_the_kl_is_shared_among_the_examples_and_annealed():
    head, model = build("gaussian_dropout", annealing=10)
    model.eval()
    plain = SoftmaxHead().losses(model, IMAGES, LABELS, 0)
    torch.testing.assert_close(head.losses(model, IMAGES, LABELS, 0), plain)
    expected = plain + 0.5 * kl_of(model) / 7
    torch.testing.assert_close(head.losses(model, IMAGES, LABELS, 5), expected)


def test_gaussian_dropout_needs_variational_layers():
    with pytest.raises(UsageError, match="TinyNet has no variational layer; build it with linear"):
        GaussianDropoutHead(examples=7).losses(TinyNet(), IMAGES, LABELS, 0)


@pytest.mark.parametrize("name", HEADS)
def test_labels_outside_the_classes(name):
    head, model = build(name)
    with pytest.raises(BadData, match=r"label 3 in row 0 is outside 0\.\.2"):
        head.losses(model, IMAGES, LABELS * 0 + 3, 0)


def test_relative_entropy():
    p = torch.tensor([[1.0, 0, 0, 0], [0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0]])
    torch.testing.assert_close(relative_entropy(p), torch.tensor([0, 1, math.log(2) / math.log(4)]))


def test_nothing_to_predict():
    head, model = build("softmax")
    with pytest.raises(UsageError, match="no image to predict"):
        predict(model, head, IMAGES[:0], seed=0)
