"""The certainty mask against a slow twin, its uniform special case, and its invariances."""

import math

import pytest
import torch

from tests.models.small import build, inputs
from vqax.errors import BadData, UsageError
from vqax.learning.certainty import (
    NORMALISERS,
    REDUCTIONS,
    CertaintySettings,
    add_to_gradient,
    certainty_mask,
    injection_node,
)
from vqax.learning.uncertainty import cross_entropy

B, L, D = 3, 6, 4
reductions = pytest.mark.parametrize("reduction", REDUCTIONS)


def toy(seed=0):
    """Two losses of a map f whose gradients differ from cell to cell."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    f = normal(B, L, D).requires_grad_()
    w, z = normal(B, L, D), normal(B, L, D)
    return f, (w * f).sum((1, 2)).sin(), (z * f.square()).sum((1, 2)), w, z


def slow_gradients(f, w, z, b):
    inner = sum(float(w[b, cell, d] * f[b, cell, d]) for cell in range(L) for d in range(D))
    answer = [[math.cos(inner) * float(w[b, cell, d]) for d in range(D)] for cell in range(L)]
    uncertainty = [
        [2 * float(z[b, cell, d] * f[b, cell, d]) for d in range(D)] for cell in range(L)
    ]
    return answer, uncertainty


def slow_reduced(reduction, gy, gu, f):
    """One list of numbers per cell."""
    if reduction == "per_channel":
        return [[gy[cell][d] * gu[cell][d] for d in range(D)] for cell in range(L)]
    if reduction == "product":
        return [[sum(gy[cell][d] * gu[cell][d] for d in range(D))] for cell in range(L)]
    maps = [
        [sum(g[cell][d] * float(f[cell, d]) for d in range(D)) for cell in range(L)]
        for g in (gy, gu)
    ]
    return [[maps[0][cell] * maps[1][cell]] for cell in range(L)]


def slow_mask(f, w, z, settings):
    result = []
    for b in range(B):
        products = slow_reduced(settings.reduction, *slow_gradients(f, w, z, b), f[b])
        c = [[-settings.gain * value for value in row] for row in products]
        c = [[max(v, 0) + settings.negative_gain * max(-v, 0) for v in row] for row in c]
        columns = []
        for d in range(len(c[0])):
            column = [row[d] for row in c]
            if settings.normaliser == "softmax":
                column = [math.exp(value) for value in column]
            columns.append([value / sum(column) for value in column])
        result.append([[column[cell] for column in columns] for cell in range(L)])
    return torch.tensor(result, dtype=torch.float64)


@pytest.mark.parametrize("seed", [0, 1, 2])
@reductions
@pytest.mark.parametrize("normaliser", NORMALISERS)
@pytest.mark.parametrize(("gain", "negative_gain"), [(1.0, -10.0), (0.3, -0.5)])
def test_slow_twin(seed, reduction, normaliser, gain, negative_gain):
    f, answer, uncertainty, w, z = toy(seed)
    settings = CertaintySettings(gain, negative_gain, normaliser, reduction)
    mask = certainty_mask(answer, uncertainty, [f], settings)
    with torch.no_grad():
        expected = slow_mask(f, w, z, settings)
    torch.testing.assert_close(mask, expected, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(mask.sum(1), torch.ones_like(mask.sum(1)))


def pooled_losses(name="san", samples=4, **options):
    """The losses of a model, whose head sees the sum of f over the cells."""
    model = build(name, **options).double()
    visual, tokens = inputs(samples, dtype=torch.float64)
    output = model(visual, tokens)
    targets = torch.eye(5, dtype=torch.float64)[[0, 1, 2, 3] * (samples // 4 or 1)][:samples]
    return output, cross_entropy(output.logits, targets), output.variance.sum(-1).exp()


@pytest.mark.parametrize("name", ["san", "mcb"])
@pytest.mark.parametrize("reduction", ["product", "per_channel"])
def test_the_printed_product_is_uniform_under_sum_pooling(name, reduction):
    """The head sees Σ_l f_l, so dL/df is the same at all cells and so is its product."""
    output, answer, uncertainty = pooled_losses(name)
    (gradient,) = torch.autograd.grad(answer.sum(), output.attended, retain_graph=True)
    torch.testing.assert_close(gradient, gradient[:, :1].expand_as(gradient))
    settings = CertaintySettings(gain=1e4, reduction=reduction)
    mask = certainty_mask(answer, uncertainty, [output.attended], settings)
    torch.testing.assert_close(mask, torch.full_like(mask, 1 / 6))


@pytest.mark.parametrize("name", ["san", "mcb"])
def test_activation_and_attention_masks_are_not_uniform(name):
    output, answer, uncertainty = pooled_losses(name)
    for settings in (
        CertaintySettings(gain=1e4),
        CertaintySettings(gain=1e4, inject="attention"),
        CertaintySettings(gain=1e4, inject="attention", reduction="product"),
    ):
        node = injection_node(output, settings.inject)
        mask = certainty_mask(answer, uncertainty, [node], settings)
        assert (mask.amax(1) > 2 * mask.amin(1)).all()


@pytest.mark.parametrize("name", ["lstm_qi", "san", "mcb"])
@reductions
@pytest.mark.parametrize("size", [1, 2])
def test_mask_does_not_depend_on_the_batch(name, reduction, size):
    """8 samples together, in fours, twos or one by one."""
    model = build(name).double()
    visual, tokens = inputs(8, dtype=torch.float64)
    visual.requires_grad_()
    targets = torch.eye(5, dtype=torch.float64)[torch.arange(8) % 5]
    settings = CertaintySettings(gain=1e4, reduction=reduction)

    def mask(rows):
        output = model(visual[rows], tokens[rows])
        answer = cross_entropy(output.logits, targets[rows])
        return certainty_mask(answer, output.variance.sum(-1).exp(), [output.attended], settings)

    together = mask(slice(0, 8))
    for step in (4, 2, 1):
        parts = torch.cat([mask(slice(k, k + step)) for k in range(0, 8, step)])
        torch.testing.assert_close(parts, together, atol=1e-6, rtol=0)


@pytest.mark.parametrize("inject", ["attended", "attention"])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("glimpses", [1, 2])
def test_the_hook_adds_the_mask_over_b(inject, sign, glimpses):
    output, answer, uncertainty = pooled_losses("mcb", glimpses=glimpses)
    node = injection_node(output, inject)
    settings = CertaintySettings(gain=100.0, inject=inject, sign=sign)
    (plain,) = torch.autograd.grad(answer.mean(), node, retain_graph=True)
    mask = certainty_mask(answer, uncertainty, [node], settings)
    add_to_gradient(node, mask, sign)
    node.retain_grad()
    answer.mean().backward()
    added = node.grad - plain
    expected = sign * (mask if inject == "attended" else mask.squeeze(-1)) / 4
    torch.testing.assert_close(added, expected.expand_as(added))


def test_parameters_above_f_are_not_touched_and_those_below_are():
    gradients = []
    for certain in (False, True):
        model = build("mcb").double()
        output = model(*inputs(dtype=torch.float64))
        answer = output.logits.logsumexp(-1)
        if certain:
            mask = certainty_mask(
                answer, output.variance.sum(-1), [output.attended], CertaintySettings()
            )
            add_to_gradient(output.attended, mask, 1)
        answer.mean().backward()
        gradients.append({key: value.grad for key, value in model.named_parameters()})
    plain, changed = gradients
    torch.testing.assert_close(changed["head.answer.weight"], plain["head.answer.weight"])
    assert not torch.allclose(
        changed["attention_map.0.weight"], plain["attention_map.0.weight"], atol=1e-6
    )


def test_sign_decides_whether_f_falls_or_rises_where_the_answer_is_certain():
    """One step down the gradient from f = 0 with no answer loss: as printed, f falls."""
    for sign, direction in ((1, -1), (-1, 1)):
        f = torch.zeros(1, 3, 2, requires_grad=True)
        node = f * 1.0
        mask = torch.tensor([[[0.7], [0.2], [0.1]]])
        add_to_gradient(node, mask, sign)
        (node * 0.0).sum().backward()
        step = -f.grad[0, :, 0]
        torch.testing.assert_close(step, direction * mask[0, :, 0])


def test_several_nodes_add_their_uncertainty_gradients():
    f, answer, uncertainty, _, z = toy()
    other = f.detach().clone().requires_grad_()
    more = (z * other.square()).sum((1, 2))
    settings = CertaintySettings(normaliser="sum", negative_gain=-0.5)
    both = certainty_mask(answer, (uncertainty + more) / 2, [f, other], settings)
    torch.testing.assert_close(both, certainty_mask(answer, uncertainty, [f], settings))


def test_a_loss_that_does_not_reach_f_gives_the_uniform_mask():
    f, answer, _, _, _ = toy()
    elsewhere = torch.ones(B, dtype=torch.float64, requires_grad=True)
    mask = certainty_mask(answer, elsewhere * 2, [f], CertaintySettings())
    torch.testing.assert_close(mask, torch.full_like(mask, 1 / L))


def test_mask_leaves_no_gradients_behind():
    model = build("mcb")
    output = model(*inputs())
    certainty_mask(
        output.logits.logsumexp(-1), output.variance.sum(-1), [output.attended], CertaintySettings()
    )
    assert all(value.grad is None for value in model.parameters())


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"gain": 1e39}, "gain=1e\\+39"),
        ({"gain": 0.0, "normaliser": "sum"}, "normaliser=sum"),
    ],
)
def test_the_parameter_behind_a_mask_that_is_not_finite_is_named(options, word):
    f, answer, uncertainty, _, _ = toy()
    scale = 1e300 if options["gain"] == 1e39 else 1.0
    with pytest.raises(BadData, match=word):
        certainty_mask(answer * scale, uncertainty, [f], CertaintySettings(**options))


def test_a_negative_gain_that_overflows_everywhere_is_named():
    """The same loss twice: c = -m² is negative at every cell."""
    f, answer, _, _, _ = toy()
    with pytest.raises(BadData, match=r"negative_gain=-1e\+308"):
        certainty_mask(answer, answer, [f], CertaintySettings(gain=1e8, negative_gain=-1e308))


def test_gradients_that_are_not_finite_name_the_variance():
    f, answer, uncertainty, _, _ = toy()
    with pytest.raises(BadData, match="σ²"):
        certainty_mask(answer, uncertainty * float("inf"), [f], CertaintySettings())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"normaliser": "max"}, r"certainty\.normaliser: 'max' .* softmax, sum"),
        (
            {"reduction": "none"},
            r"certainty\.reduction: 'none' .* activation, product, per_channel",
        ),
        ({"inject": "visual"}, r"certainty\.inject: 'visual' .* attended, attention"),
        ({"sign": 0}, r"certainty\.sign: 0"),
    ],
)
def test_unknown_options_are_named(options, message):
    with pytest.raises(UsageError, match=message):
        CertaintySettings(**options)


def test_a_model_without_attention_is_named():
    with pytest.raises(UsageError, match="attended"):
        injection_node(build("lstm_qi")(*inputs()), "attention")
