import pytest
import torch

from tests.models.small import WIDTH, build, inputs, losses_of_reading_a_cell
from tests.models.test_scale import slow_mean_square_one


def slow_gru(words, gru):
    """The last state of one question, gate by gate."""
    h = torch.zeros(gru.hidden_size)
    for word in words:
        r_in, z_in, n_in = (gru.weight_ih_l0 @ word + gru.bias_ih_l0).chunk(3)
        r_h, z_h, n_h = (gru.weight_hh_l0 @ h + gru.bias_hh_l0).chunk(3)
        z = (z_in + z_h).sigmoid()
        h = (1 - z) * (n_in + (r_in + r_h).sigmoid() * n_h).tanh() + z * h
    return h


@pytest.mark.parametrize("glimpses", [1, 2, 3])
def test_slow_forward(glimpses):
    model, (visual, tokens) = build("mlb", glimpses=glimpses), inputs()
    output = model(visual, tokens)
    for b in range(4):
        question = slow_gru([model.embedding.weight[t] for t in tokens[b] if t], model.encoder)
        cells = [slow_mean_square_one(v) for v in visual[b]]
        query = model.query_map(question).tanh()
        scores = [model.score(model.cell_map(v).tanh() * query) for v in cells]
        weights = torch.stack(scores).softmax(0)
        looks = [
            sum(w * v for w, v in zip(weights[:, g], cells, strict=True)) for g in range(glimpses)
        ]
        seen = [one(look).tanh() for one, look in zip(model.visual_maps, looks, strict=True)]
        combined = torch.cat(seen) * model.question_map(question).tanh()
        torch.testing.assert_close(output.question[b], question)
        torch.testing.assert_close(output.attention[b], weights.mean(1))
        torch.testing.assert_close(output.attended[b].sum(0), torch.cat(looks))
        torch.testing.assert_close(output.combined[b], combined)


def test_two_glimpses_stand_side_by_side():
    output = build("mlb")(*inputs())
    assert output.attended.shape == (4, 6, 2 * WIDTH)
    assert output.combined.shape == (4, 2 * 9)


def test_gradient_at_the_mean_attention_is_the_sum_over_glimpses():
    model, (visual, tokens) = build("mlb").double(), inputs(dtype=torch.float64)
    output = model(visual, tokens)
    loss = output.logits.square().sum()
    at_attended, at_attention = torch.autograd.grad(loss, (output.attended, output.attention))
    cells = visual / visual.square().mean(-1, keepdim=True).sqrt()
    expected = (at_attended * cells.repeat(1, 1, 2)).sum(-1)
    torch.testing.assert_close(at_attention, expected, atol=1e-8, rtol=1e-5)


def test_learns_which_cell_to_read():
    losses = losses_of_reading_a_cell(build("mlb", hidden=16, common=32, variance="none"))
    assert losses[-1] < 0.2 * losses[0]
