"""What holds for every model in MODELS."""

import pytest
import torch

from tests.models.small import ANSWERS, WIDTH, answering, build, inputs
from vqax.errors import UsageError
from vqax.models import MODELS

every_model = pytest.mark.parametrize("name", MODELS)


@every_model
@pytest.mark.parametrize(("variance", "width"), [("none", None), ("scalar", 1), ("per_answer", 5)])
@pytest.mark.parametrize("cells", [1, 6, 15])
def test_forward_contract(name, variance, width, cells):
    visual, tokens = inputs(3, cells=cells)
    output = build(name, variance=variance)(visual, tokens)
    assert output.logits.shape == (3, ANSWERS)
    assert output.visual is visual
    assert output.attended.shape[:2] == (3, cells)
    assert output.question.shape[0] == output.combined.shape[0] == 3
    if width is None:
        assert output.variance is None
    else:
        assert output.variance.shape == (3, width)
        assert (output.variance > 0).all()
    if output.attention is not None:
        assert output.attention.shape == (3, cells)
        torch.testing.assert_close(output.attention.sum(1), torch.ones(3))


@every_model
def test_logits_are_the_head_of_combined_whatever_its_leading_axes(name):
    output = (model := build(name))(*inputs())
    for leading in ((4,), (2, 4), (3, 2, 4)):
        logits, variance = model.head(output.combined.expand(*leading, -1))
        torch.testing.assert_close(logits, output.logits.expand(*leading, -1))
        torch.testing.assert_close(variance, output.variance.expand(*leading, -1))


@every_model
def test_repeated_heads_differ_in_training_only(name):
    model = build(name, dropout=0.5)
    combined = model(*inputs())[5].expand(2, 4, -1)
    first, second = model.head(combined)[0]
    assert not torch.equal(first, second)
    first, second = model.eval().head(combined)[0]
    torch.testing.assert_close(first, second)


@every_model
def test_every_sample_is_alone(name):
    model, (visual, tokens) = build(name), inputs()
    together = model(visual, tokens)
    for k in range(4):
        alone = model(visual[k : k + 1], tokens[k : k + 1])
        torch.testing.assert_close(alone.logits[0], together.logits[k])


@every_model
def test_cells_may_come_in_any_order(name):
    model, (visual, tokens) = build(name), inputs()
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    straight, shuffled = model(visual, tokens), model(visual[:, order], tokens)
    torch.testing.assert_close(shuffled.logits, straight.logits)
    torch.testing.assert_close(shuffled.attended, straight.attended[:, order])


@every_model
@pytest.mark.parametrize("wanted", ["attended", "combined", "visual", "question"])
def test_gradients_of_an_answer_exist(name, wanted):
    visual, tokens = inputs()
    output = build(name)(visual.requires_grad_(), tokens)
    (gradient,) = torch.autograd.grad(output.logits[:, 1].sum(), getattr(output, wanted))
    assert gradient.isfinite().all()
    assert gradient.abs().sum() > 0


@every_model
def test_every_parameter_learns(name):
    model = build(name)
    output = model(*inputs())
    (output.logits.square().sum() + output.variance.sum()).backward()
    still = [key for key, value in answering(name, model) if not value.grad.abs().sum() > 0]
    # a bias shared by all cells does not move a softmax over the cells
    assert [
        key for key in still if "score.bias" not in key and "attention_map.2.bias" not in key
    ] == []


@every_model
@pytest.mark.parametrize("value", [0.0, 1e4])
def test_blank_and_loud_pictures_give_finite_values_and_gradients(name, value):
    visual = torch.full((2, 6, WIDTH), value, requires_grad=True)
    output = build(name)(visual, inputs(2)[1])
    (gradient,) = torch.autograd.grad(output.logits.sum(), visual)
    assert output.logits.isfinite().all()
    assert gradient.isfinite().all()


@every_model
def test_bf16_autocast_stays_near(name):
    model, (visual, tokens) = build(name), inputs()
    exact = model(visual, tokens)
    with torch.autocast("cpu", torch.bfloat16):
        rough = model(visual, tokens)
    assert rough.variance.dtype == torch.float32
    torch.testing.assert_close(rough.logits.float(), exact.logits, atol=0.03, rtol=0.03)
    rough.logits.float().sum().backward()
    assert all(value.grad.isfinite().all() for value in model.head.answer.parameters())


@every_model
def test_double_precision(name):
    visual, tokens = inputs(dtype=torch.float64)
    output = build(name).double()(visual, tokens)
    assert output.logits.dtype == output.variance.dtype == torch.float64


@every_model
def test_padding_word_is_zero_and_stays_zero(name):
    model = build(name)
    model(*inputs()).logits.sum().backward()
    assert model.embedding.padding_idx == 0
    assert not model.embedding.weight[0].any()
    assert not model.embedding.weight.grad[0].any()


@pytest.mark.parametrize("name", ["mlb", "hie_co_att", "deeper_lstm", "pythia", "transformer"])
def test_more_padding_changes_nothing(name):
    model, (visual, tokens) = build(name), inputs()
    padded = torch.cat([torch.zeros(4, 3, dtype=torch.int64), tokens], 1)
    torch.testing.assert_close(model(visual, padded).logits, model(visual, tokens).logits)


@every_model
def test_a_question_without_words_gives_finite_values_and_gradients(name):
    model, (visual, _) = build(name), inputs()
    output = model(visual, torch.zeros(4, 4, dtype=torch.int64))
    (output.logits.sum() + output.variance.sum()).backward()
    assert output.logits.isfinite().all()
    assert all(value.grad.isfinite().all() for _, value in answering(name, model))


@every_model
def test_state_dict_carries_all_that_is_random(name):
    """Two models of other seeds agree once one has the other's state."""
    seeds = {"sketch_seed": 9} if name == "mcb" else {}
    first, second = build(name), build(name, seed=5, **seeds)
    assert not torch.equal(first(*inputs()).logits, second(*inputs()).logits)
    second.load_state_dict(first.state_dict())
    torch.testing.assert_close(second(*inputs()).logits, first(*inputs()).logits)


@pytest.mark.parametrize(
    ("sizes", "message"), [({"heads": 3}, "hidden: 8 is no multiple of 3 heads"),
                           ({"layers": 1}, "layers: 1; give at least 2")],
)  # fmt: skip
def test_sizes_of_a_transformer_that_do_not_fit_are_named(sizes, message):
    with pytest.raises(UsageError, match=message):
        build("transformer", **sizes)


@every_model
def test_unknown_variance_is_named(name):
    with pytest.raises(UsageError, match=r"variance: 'both' .* none, scalar, per_answer"):
        build(name, variance="both")


@every_model
def test_dropout_outside_its_range_is_named(name):
    with pytest.raises(UsageError, match=r"dropout: 1\.0"):
        build(name, dropout=1.0)


def lstm(e, h):
    return 4 * h * (e + h + 2)


PARAMETERS = {
    "lstm_qi": lambda e, h: lstm(e, h) + (7 * 9 + 9) + (h * 9 + 9) + (9 * 5 + 5),
    "san": lambda e, h: (
        lstm(e, h) + (7 * h + h) + 2 * (h * 4 + 4 + h * 4 + 4 + 1) + (h * 5 + 5)
    ),
    "mcb": lambda e, h: lstm(e, h) + (11 * 4 + 4) + (4 * 1 + 1) + (12 * 5 + 5),
    "mlb": lambda e, h: (
        3 * h * (e + h + 2)
        + (7 * 9 + 9) + (h * 9 + 9) + (9 * 2 + 2)
        + 2 * (7 * 9 + 9) + (h * 18 + 18) + (18 * 5 + 5)
    ),
    "hie_co_att": lambda e, h: (
        e * h + (6 * h * h + 3 * h) + lstm(h, h) + (7 * h + h)
        + 3 * (3 * h * h + 2 * h)
        + (h * h + h) + (2 * h * h + h) + (2 * h * 9 + 9) + (9 * 5 + 5)
    ),
    "deeper_lstm": lambda e, h: (
        lstm(e, h) + lstm(h, h) + (7 * 9 + 9) + (4 * h * 9 + 9) + (9 * 5 + 5)
    ),
    "pythia": lambda e, h: (
        lstm(e, h) + (h * 4 + 4) + (4 * 2 + 2)
        + 2 * (7 * 9 + 9 + 1) + 2 * (2 * h * 9 + 9 + 1) + (9 + 1) + (9 * 5 + 5)
    ),
    "transformer": lambda e, h: (
        (e * h + h) + (7 * h + h) + h
        + 2 * (2 * h + 3 * (h * h + h) + (h * h + h) + 2 * h + 4 * (h * h + h) + (4 * h * h + h))
        + 2 * h + (h * 5 + 5)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_count(name):
    e, h = 3, 8
    count = sum(value.numel() for value in build(name).parameters())
    assert count == 6 * e + PARAMETERS[name](e, h) + (5 + 1)
