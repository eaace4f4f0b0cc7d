"""The certainty mask against a slow twin, its uniform special case, and its invariances."""

import pytest
import torch

from tests.learning import literal
from tests.models.small import build, inputs
from vqax.errors import BadData, UsageError
from vqax.learning.certainty import (
    NORMALISERS,
    REDUCTIONS,
    CertaintySettings,
    add_during_backward,
    add_to_gradient,
    certainty_mask,
    injection_node,
    mask_of,
    peak,
)
from vqax.learning.uncertainty import cross_entropy

B, L, D = 3, 6, 4
reductions = pytest.mark.parametrize("reduction", REDUCTIONS)
normalisers = pytest.mark.parametrize("normaliser", NORMALISERS)
seeds = pytest.mark.parametrize("seed", [0, 1, 2])


def toy(seed=0):
    """Two losses of a map f whose gradients differ from cell to cell."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    f = normal(B, L, D).requires_grad_()
    w, z = normal(B, L, D), normal(B, L, D)
    return f, (w * f).sum((1, 2)).sin(), (z * f.square()).sum((1, 2))


def literal_masks(f, answer, uncertainty, settings):
    """Sample by sample, from its own loss."""
    names = ("gain", "negative_gain", "normaliser", "reduction")
    options = {name: getattr(settings, name) for name in names}
    masks = []
    for b in range(B):
        gradients = [
            torch.autograd.grad(loss[b], f, retain_graph=True)[0][b]
            for loss in (answer, uncertainty)
        ]
        masks.append(literal.certainty_mask(*gradients, f[b].detach(), **options))
    return torch.tensor(masks, dtype=torch.float64)


@seeds
@reductions
@normalisers
@pytest.mark.parametrize(
    ("gain", "negative_gain"), [(1.0, -10.0), (0.3, -0.5), (1e3, -1.0), (1.0, -100.0), (2.0, 0.5)]
)
def test_slow_twin(seed, reduction, normaliser, gain, negative_gain):
    f, answer, uncertainty = toy(seed)
    settings = CertaintySettings(gain, negative_gain, normaliser, reduction)
    mask = certainty_mask(answer, uncertainty, [f], settings)
    expected = literal_masks(f, answer, uncertainty, settings)
    torch.testing.assert_close(mask, expected, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(mask.sum(1), torch.ones_like(mask.sum(1)))
    in_units_of_uniform = sum(
        max(row[d] for row in sample) * L / len(sample[0]) / B
        for sample in expected.tolist()
        for d in range(len(sample[0]))
    )
    assert peak(mask).item() == pytest.approx(in_units_of_uniform)


@seeds
@reductions
@normalisers
@pytest.mark.parametrize(("sign", "eta"), [(1, 1.0), (-1, 1.0), (1, 0.5), (-1, 3.0)])
def test_both_ways_add_the_literal_mask_over_b(seed, reduction, normaliser, sign, eta):
    """Equation 9: the mask taken first, and the one read off the backward pass."""
    f, answer, uncertainty = toy(seed)
    settings = CertaintySettings(0.7, -3.0, normaliser, reduction, sign=sign)
    masks = literal_masks(f, answer, uncertainty, settings)
    (plain,) = torch.autograd.grad((answer + eta * uncertainty).mean(), f)
    expected = plain + settings.sign * masks / B
    for during in (False, True):
        f, answer, uncertainty = toy(seed)
        if during:
            add_during_backward(f, answer, eta, settings)
        else:
            mask = certainty_mask(answer, uncertainty, [f], settings)
            add_to_gradient(f, mask, settings.sign)
        (answer + eta * uncertainty).mean().backward()
        torch.testing.assert_close(f.grad, expected, atol=1e-6, rtol=1e-6)


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


def test_the_activation_maps_of_mcb_sum_to_zero():
    """Its head reads F = Σ_l f_l at unit length: Σ_l f_l · dL/df_l = F · dL/dF = 0 (Euler)."""
    output, *losses = pooled_losses("mcb")
    for loss in losses:
        (gradient,) = torch.autograd.grad(loss.sum(), output.attended, retain_graph=True)
        cells = (gradient * output.attended).sum(-1)
        assert (cells.sum(1).abs() < 1e-3 * cells.abs().sum(1)).all()


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
    (f, answer, uncertainty), (other, _, more) = toy(), toy()
    settings = CertaintySettings(normaliser="sum", negative_gain=-0.5)
    both = certainty_mask(answer, (uncertainty + more) / 2, [f, other], settings)
    torch.testing.assert_close(both, certainty_mask(answer, uncertainty, [f], settings))


def test_a_loss_that_does_not_reach_f_gives_the_uniform_mask():
    f, answer, _ = toy()
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
    ("options", "words"),
    [
        ({"gain": 1e39}, r"gain=1e\+39"),
        ({"gain": 0.0, "normaliser": "sum"}, "normaliser=sum .* zero .* negative_gain=-10"),
    ],
)
def test_the_parameter_behind_an_undefined_mask_is_named(options, words):
    f, answer, uncertainty = toy()
    scale = 1e290 if options["gain"] == 1e39 else 1.0
    with pytest.raises(BadData, match=words):
        certainty_mask(answer * scale, uncertainty, [f], CertaintySettings(**options))


@pytest.mark.parametrize(
    ("other", "wrong"), [(1.0, True), (1.0 + 1e-8, True), (1.0 + 1e-5, False), (2.0, False)]
)
def test_a_sum_that_is_zero_but_for_rounding_is_refused(other, wrong):
    """Two cells whose certainties are 1 and -other, with γ = -1 left as they are."""
    f, settings = (
        torch.ones(1, 2, 1, dtype=torch.float64),
        CertaintySettings(negative_gain=-1.0, normaliser="sum"),
    )
    gradients = torch.tensor([[[-1.0], [other]]], dtype=torch.float64)
    if wrong:
        with pytest.raises(BadData, match=r"normaliser=sum .* negative_gain=-1 .* use normaliser"):
            mask_of(torch.ones_like(f), gradients, f, settings)
    else:
        mask = mask_of(torch.ones_like(f), gradients, f, settings)
        torch.testing.assert_close(mask, -gradients / (1.0 - other))


def test_a_negative_gain_that_overflows_everywhere_is_named():
    """The same loss twice: c = -m² is negative at every cell."""
    f, answer, _ = toy()
    with pytest.raises(BadData, match=r"negative_gain=-1e\+308"):
        certainty_mask(answer, answer, [f], CertaintySettings(gain=1e8, negative_gain=-1e308))


@pytest.mark.parametrize("loss", ["answer", "uncertainty"])
def test_a_gradient_that_is_not_finite_names_its_loss_and_the_variance(loss):
    f, answer, uncertainty = toy()
    losses = {"answer": answer, "uncertainty": uncertainty}
    losses[loss] = losses[loss] * float("inf")
    variance = torch.tensor([[2.0], [3e38]])
    with pytest.raises(BadData, match=rf"the {loss} loss at f .* largest σ² of 3e\+38; lower"):
        certainty_mask(*losses.values(), [f], CertaintySettings(), variance)


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
        ({"gain": float("inf")}, r"certainty\.gain: inf is not .* from the first step on"),
        ({"negative_gain": float("nan")}, r"certainty\.negative_gain: nan is not .* number"),
        ({"lambda": 1.0}, r"certainty: 'lambda' .* gain, negative_gain, normaliser"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(UsageError, match=message):
        CertaintySettings.of(options)


def test_a_model_without_attention_is_named():
    with pytest.raises(UsageError, match="attended"):
        injection_node(build("lstm_qi")(*inputs()), "attention")
