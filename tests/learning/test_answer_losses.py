"""Losses of the answers: golden numbers, slow twins, and what each asks of model and batch."""

import math

import pytest
import torch

from tests.models.golden import as_reported, lin, reference
from tests.models.small import ANSWERS, build, inputs
from vqax.errors import UsageError
from vqax.learning.answer_losses import ANSWER_LOSSES, NEEDS_BIAS, SOFTMAX_LOSSES
from vqax.learning.batches import Batch
from vqax.learning.objective import answer_objective
from vqax.learning.uncertainty import cross_entropy
from vqax.models.forward import Forward
from vqax.models.lmh import LearnedMixin

MODEL_OF = {"lmh": "lmh", "rubi": "rubi", "rubi_cross_entropy": "rubi"}
every_loss = pytest.mark.parametrize("name", ANSWER_LOSSES)


class Golden(torch.nn.Module):
    """The gate of golden/README.md; combined is 1024 wide."""

    def __init__(self, entropy_weight):
        super().__init__()
        self.mixin = LearnedMixin(1024, entropy_weight)
        self.mixin.gate.weight.data = lin(1, 1024, low=-0.05, high=0.05)
        self.mixin.gate.bias.data.fill_(0.1)


@pytest.mark.parametrize(("weight", "key"), [(0.36, "learned_mixin"), (0.0, "learned_mixin_w0")])
def test_lmh_is_the_released_loss(shared, weight, key):
    logits, combined = lin(4, 6, low=-3.0, high=3.0).double(), lin(4, 1024).double()
    targets = (lin(4, 6, low=0.0) > 0.6) * lin(4, 6, low=0.3).double()
    bias, empty = lin(4, 6, low=0.0, high=0.9).double(), torch.zeros(4, 0)
    forward = Forward(logits, None, empty, empty, empty, combined, None)
    losses = ANSWER_LOSSES["lmh"](Golden(weight).double(), forward, targets, bias)
    as_reported(losses.mean(), reference(shared, "LMH chrisc36")[key])


def test_bce_is_the_plain_loss_of_lmh(shared):
    targets = (lin(4, 6, low=0.0) > 0.6) * lin(4, 6, low=0.3)
    empty = torch.zeros(4, 0)
    logits = lin(4, 6, low=-3.0, high=3.0).double()
    forward = Forward(logits, None, empty, empty, empty, empty, None)
    losses = ANSWER_LOSSES["bce"](torch.nn.Identity(), forward, targets.double(), None)
    as_reported(losses.mean(), reference(shared, "LMH chrisc36")["plain"])


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def one_bce(p, y):
    return -(y * math.log(p) + (1 - y) * math.log(1 - p))


def twin_bce(model, output, targets, bias):
    return [
        sum(one_bce(sigmoid(x), y) for x, y in zip(row, target, strict=True))
        for row, target in zip(output.logits.tolist(), targets.tolist(), strict=True)
    ]


def twin_lmh(model, output, targets, bias):
    """The released order: pairs of log-probabilities, biased, renormalised."""
    losses = []
    soft = sigmoid(model.mixin.smoothing.item())
    gates = torch.log1p(model.mixin.gate(output.combined).exp()).flatten().tolist()
    rows = zip(output.logits.tolist(), targets.tolist(), bias.tolist(), gates, strict=True)
    for logits, target, prior, g in rows:
        answer, entropy = 0.0, 0.0
        for x, y, b in zip(logits, target, prior, strict=True):
            yes, no = g * math.log(b + soft), g * math.log(1 - b + soft)
            a, c = sigmoid(x) * math.exp(yes), (1 - sigmoid(x)) * math.exp(no)
            answer += one_bce(a / (a + c), y)
            p = math.exp(yes) / (math.exp(yes) + math.exp(no))
            entropy += one_bce(p, p)
        losses.append(answer + 0.36 * entropy / len(logits))
    return losses


def twin_rubi(model, output, targets, bias):
    branch = model.question_branch
    found = branch.logits(output.question)
    masked = output._replace(logits=output.logits * torch.sigmoid(found))
    alone = output._replace(logits=branch.answer(found))
    pair = [twin_bce(model, one, targets, bias) for one in (masked, alone)]
    return [a + b for a, b in zip(*pair, strict=True)]


def twin_softmax(output, targets):
    return [
        -sum(y / sum(target) * math.log(math.exp(x) / sum(map(math.exp, row)))
             for x, y in zip(row, target, strict=True))
        for row, target in zip(output.logits.tolist(), targets.tolist(), strict=True)
    ]  # fmt: skip


def twin_rubi_cross_entropy(model, output, targets, bias):
    branch = model.question_branch
    found = branch.logits(output.question)
    masked = output._replace(logits=output.logits * torch.sigmoid(found))
    alone = output._replace(logits=branch.answer(found))
    return [
        a + b
        for a, b in zip(twin_softmax(masked, targets), twin_softmax(alone, targets), strict=True)
    ]


TWINS = {
    "cross_entropy": lambda model, output, targets, bias: twin_softmax(output, targets),
    "bce": twin_bce,
    "lmh": twin_lmh,
    "rubi": twin_rubi,
    "rubi_cross_entropy": twin_rubi_cross_entropy,
}


def a_batch(dtype=torch.float64):
    visual, tokens = inputs(3, cells=5, dtype=dtype)
    generator = torch.Generator().manual_seed(2)
    targets, bias = torch.rand(2, 3, ANSWERS, generator=generator, dtype=dtype)
    ids = torch.arange(3)
    return Batch(ids, ids, visual, tokens, targets, bias=bias)


@every_loss
@torch.no_grad()
def test_every_loss_is_its_slow_twin(name):
    model, batch = build(MODEL_OF.get(name, "updn")).double(), a_batch()
    output = model(batch.visual, batch.tokens)
    losses = ANSWER_LOSSES[name](model, output, batch.targets, batch.bias)
    expected = TWINS[name](model, output, batch.targets, batch.bias)
    torch.testing.assert_close(losses, torch.tensor(expected, dtype=torch.float64))


@every_loss
def test_the_objective_is_the_mean_and_teaches_every_parameter(name):
    model, batch = build(MODEL_OF.get(name, "updn"), variance="none").double(), a_batch()
    step = answer_objective(loss=name)(model, batch, torch.Generator())
    losses = ANSWER_LOSSES[name](
        model, model(batch.visual, batch.tokens), batch.targets, batch.bias
    )
    torch.testing.assert_close(step.loss, losses.mean())
    torch.testing.assert_close(step.parts["answer_loss"], losses.mean())
    step.loss.backward()
    still = [key for key, value in model.named_parameters() if not value.grad.abs().sum() > 0]
    assert set(still) <= {"score.bias"}  # moves every region's score alike


@every_loss
def test_targets_of_zeros_and_bf16(name):
    model, batch = build(MODEL_OF.get(name, "updn"), variance="none"), a_batch(torch.float32)
    batch = batch._replace(targets=torch.zeros_like(batch.targets))
    with torch.autocast("cpu", torch.bfloat16):
        output = model(batch.visual, batch.tokens)
        losses = ANSWER_LOSSES[name](model, output, batch.targets, batch.bias)
    assert losses.dtype == torch.float32
    assert bool((losses > 0).all()) == (name not in SOFTMAX_LOSSES)
    losses.sum().backward()
    assert model.head.answer.weight.grad.isfinite().all()


@pytest.mark.parametrize("bias", [0.0, 1.0])
def test_an_answer_that_is_certain_by_type_gives_finite_gradients(bias):
    model, batch = build("lmh"), a_batch(torch.float32)
    model.mixin.smoothing.data.fill_(-20.0)
    batch = batch._replace(bias=torch.full_like(batch.bias, bias))
    step = answer_objective(loss="lmh")(model, batch, torch.Generator())
    step.loss.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_the_mixin_reads_no_more_than_the_fused_vector():
    model, batch = build("lmh", variance_input="image"), a_batch(torch.float32)
    output = model(batch.visual, batch.tokens)
    fused = output._replace(combined=output.combined[:, :8])
    one, other = (
        ANSWER_LOSSES["lmh"](model, some, batch.targets, batch.bias) for some in (output, fused)
    )
    assert torch.equal(one, other)


def test_the_question_branch_does_not_teach_the_encoder():
    model, batch = build("rubi"), a_batch(torch.float32)
    mask, branch = model.question_branch(model(batch.visual, batch.tokens).question)
    (mask.sum() + branch.sum()).backward()
    assert model.encoder.weight_ih_l0.grad is None


def test_a_trained_model_answers_with_its_plain_logits():
    batch = a_batch(torch.float32)
    plain = build("updn", variance="none")(batch.visual, batch.tokens)
    for name in ("lmh", "rubi"):
        other = build(name, variance="none")(batch.visual, batch.tokens)
        torch.testing.assert_close(other.logits, plain.logits)


def test_the_default_is_the_cross_entropy():
    model, batch = build("san"), a_batch(torch.float32)
    step = answer_objective()(model, batch, torch.Generator())
    logits = model(batch.visual, batch.tokens).logits
    torch.testing.assert_close(step.loss, cross_entropy(logits, batch.targets).mean())


@pytest.mark.parametrize("name", MODEL_OF)
def test_a_model_without_the_part_is_named(name):
    objective = answer_objective(loss=name)
    with pytest.raises(UsageError, match=f"{name} needs a model with .* UpDn .* {MODEL_OF[name]}"):
        objective(build("updn"), a_batch(torch.float32), torch.Generator())


@pytest.mark.parametrize("name", sorted(NEEDS_BIAS))
def test_a_batch_without_bias_is_named(name):
    objective = answer_objective(loss=name)
    batch = a_batch(torch.float32)._replace(bias=None)
    with pytest.raises(UsageError, match=f"{name} needs the prior of the answers"):
        objective(build(MODEL_OF[name]), batch, torch.Generator())


def test_an_unknown_loss_is_named():
    with pytest.raises(UsageError, match=r"objective\.loss: 'mse' .* cross_entropy, bce, lmh"):
        answer_objective(loss="mse")
