"""The whole step against ``literal.py``: the parts of the loss, and the gradients of parameters.

The twin takes a sample at a time and goes over the model twice: once for the mask, once for the
parameters. Dropout and noise are given, so that both see the same.
"""

import pytest
import torch
from torch import nn

from tests.learning import literal
from tests.models.small import ANSWERS, build, inputs
from vqax.learning.batches import Batch
from vqax.learning.objective import SOURCES, uncertainty_objective
from vqax.learning.sampling import sample_noise

B, T = 3, 2
seeds = pytest.mark.parametrize("seed", [0, 1, 2])


class KnownDropout(nn.Module):
    """The mask of pass t and sample b is ``masks[t, b]``; pass 0 is the forward pass.

    T passes at once come with an axis in front, passes one by one are counted.
    """

    def __init__(self, masks):
        super().__init__()
        self.masks, self.rows = masks, slice(None)
        self.restart()

    def restart(self):
        self.passes = 0

    def forward(self, x):
        if x.ndim == 3:
            return x * self.masks[1:, self.rows, : x.shape[-1]]
        self.passes += 1
        return x * self.masks[self.passes - 1, self.rows, : x.shape[-1]]


def example(name, seed, **options):
    """A model whose head drops half of its input in a known way, a batch, and a noise generator."""
    model = build(name, seed=seed, **options).double()
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.rand(1 + T, B, 64, generator=generator, dtype=torch.float64)
    model.head.dropout = KnownDropout(2.0 * (drawn < 0.5))
    visual, tokens = inputs(B, seed=seed, dtype=torch.float64)
    targets = torch.rand(B, ANSWERS, generator=generator, dtype=torch.float64)
    ids = torch.arange(B) * 1000 + seed
    return model, Batch(ids, ids, visual, tokens, targets), torch.Generator().manual_seed(seed)


def fast(name, seed, options, certainty=None, eta=1.0, **model_options):
    """The parts of the product's step and the gradients it leaves."""
    model, batch, generator = example(name, seed, **model_options)
    objective = uncertainty_objective(samples=T, eta=eta, certainty=certainty, **options)
    step = objective(model, batch, generator)
    step.loss.backward()
    return step, gradients(model)


def gradients(model):
    return {
        key: torch.zeros_like(value) if value.grad is None else value.grad
        for key, value in model.named_parameters()
    }


def one_by_one(name, seed, **model_options):
    """The model and, for each sample, a batch of it alone with its noise (T rows)."""
    model, batch, generator = example(name, seed, **model_options)
    like = torch.zeros(B, ANSWERS, dtype=torch.float64)
    noise = sample_noise(generator, batch.question_ids, T, like)
    for b in range(B):
        model.head.dropout.rows = slice(b, b + 1)
        model.head.dropout.restart()
        yield model, batch.each(lambda part, b=b: part[b : b + 1]), noise[:, b]


def slow_gradients(name, seed, options, certainty, eta, **model_options):
    for model, sample, noise in one_by_one(name, seed, **model_options):
        literal.certain_gradient(
            model, sample, noise, samples=T, eta=eta, options=options, certainty=certainty
        )
    return {key: value / B for key, value in gradients(model).items()}


def slow_parts(name, seed, options, eta, **model_options):
    """The mean over the batch of Ly, Lu, its terms and the variances, and the loss."""
    rows = []
    for model, sample, noise in one_by_one(name, seed, **model_options):
        ly, parts, _ = literal.losses(model, sample, noise, samples=T, options=options)
        parts = {key: float(value.detach()) for key, value in parts.items()}
        uncertainty = sum(parts[term] for term in options.get("terms", ("ul", "ve", "udl")))
        parts |= {"answer_loss": float(ly.detach()), "uncertainty_loss": uncertainty}
        parts["loss"] = parts["answer_loss"] + eta * uncertainty
        parts[SOURCES[options["source"]]] = parts.pop("ul")
        rows.append(parts)
    return {key: sum(row[key] for row in rows) / B for key in rows[0]}


def agree(found, expected):
    assert set(found) == set(expected)
    for key, value in found.items():
        torch.testing.assert_close(value, expected[key], atol=1e-6, rtol=1e-6, msg=key)


LOSSES = [
    {},
    {"noise": "variance"},
    {"likelihood": "mean_ce"},
    {"ve_form": "paper_alg1"},
    {"udl_form": "paper_alg1"},
    {"udl_form": "released_per_sample"},
    {"alpha": 0.5, "sigma0_squared": 0.3},
    {"terms": ("ul",)},
    {"terms": ("ve",)},
    {"terms": ("udl",)},
    {"terms": ("udl", "ve")},
    {"likelihood": "mean_ce", "udl_form": "released_per_sample", "noise": "sigma"},
    {"noise": "variance", "ve_form": "paper_alg1", "udl_form": "paper_alg1"},
]


@seeds
@pytest.mark.parametrize(
    ("source", "mc_scope", "variance"),
    [
        ("aleatoric", "head", "scalar"),
        ("predictive", "head", "per_answer"),
        ("predictive", "full", "scalar"),
    ],
)
@pytest.mark.parametrize("options", LOSSES)
def test_losses_of_a_step(seed, source, mc_scope, variance, options):
    options = {"source": source, "mc_scope": mc_scope, **options}
    step, _ = fast("san", seed, options, eta=0.7, variance=variance)
    expected = slow_parts("san", seed, options, 0.7, variance=variance)
    found = {key: float(value) for key, value in step.parts.items()}
    assert {**found, "loss": float(step.loss.detach())} == pytest.approx(expected, 1e-6)


MASKS = [
    {},
    {"reduction": "product"},
    {"reduction": "per_channel"},
    {"gain": 1.0},
    {"negative_gain": -1.0},
    {"negative_gain": -100.0},
    {"sign": -1},
    {"normaliser": "sum", "negative_gain": -0.5},
    {"inject": "attention"},
    {"inject": "attention", "reduction": "product", "sign": -1},
    {"inject": "attention", "normaliser": "sum", "negative_gain": -0.5},
]
# eta 0.7 reads the mask off the backward pass, 0.3 takes it first, 0 is the control without Lu
WAYS = [
    ("aleatoric", "head", 0.7),
    ("aleatoric", "head", 0.3),
    ("predictive", "head", 0.7),
    ("predictive", "head", 0.0),
    ("predictive", "full", 0.7),
]


@seeds
@pytest.mark.parametrize(("source", "mc_scope", "eta"), WAYS)
@pytest.mark.parametrize("certainty", MASKS)
def test_gradients_of_a_step(seed, source, mc_scope, eta, certainty):
    options = {"source": source, "mc_scope": mc_scope}
    certainty = {"gain": 300.0, **certainty}
    _, found = fast("mcb", seed, options, certainty, eta, glimpses=2)
    agree(found, slow_gradients("mcb", seed, options, certainty, eta, glimpses=2))


@seeds
@pytest.mark.parametrize(
    ("source", "variance"), [("aleatoric", "per_answer"), ("predictive", "scalar")]
)
@pytest.mark.parametrize("options", LOSSES)
def test_gradients_of_every_loss_with_the_mask(seed, source, variance, options):
    options = {"source": source, **options}
    certainty = {"gain": 100.0}
    _, found = fast("san", seed, options, certainty, variance=variance)
    agree(found, slow_gradients("san", seed, options, certainty, 1.0, variance=variance))


def test_the_twin_sees_the_mask():
    """A comparison that would also hold without the certainty gradient shows nothing."""
    options = {"source": "predictive"}
    _, plain = fast("mcb", 0, options)
    _, certain = fast("mcb", 0, options, {"gain": 300.0})
    key = "attention_map.0.weight"
    assert (certain[key] - plain[key]).abs().max() > 1e-3
