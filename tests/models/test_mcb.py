import pytest
import torch

from tests.models.small import WIDTH, build, inputs, losses_of_reading_a_cell
from tests.models.test_count_sketch import slow_compact_bilinear
from tests.models.test_scale import slow_mean_square_one, slow_unit_signed_sqrt
from vqax.models.scale import spread, unit_signed_sqrt


def slow_fusion(fusion, x, question):
    rooted = slow_unit_signed_sqrt(
        slow_compact_bilinear(x, question, fusion.sketch_x, fusion.sketch_y)
    )
    return slow_mean_square_one(rooted)


@pytest.mark.parametrize("glimpses", [1, 2, 3])
def test_slow_forward(glimpses):
    model, (visual, tokens) = build("mcb", glimpses=glimpses), inputs(2)
    output = model(visual, tokens)
    for b in range(2):
        question = output.question[b].detach()
        cells = [slow_mean_square_one(v) for v in visual[b]]
        scores = [
            model.attention_map(slow_fusion(model.attention_fusion, v, question)) for v in cells
        ]
        weights = torch.stack(scores).softmax(0).detach()
        attended = [
            torch.cat([weight * v for weight in row]) for row, v in zip(weights, cells, strict=True)
        ]
        combined = slow_fusion(model.fusion, sum(attended), question)
        tolerance = {"atol": 1e-5, "rtol": 1e-4}
        torch.testing.assert_close(output.attention[b], weights.mean(1), **tolerance)
        torch.testing.assert_close(output.attended[b], torch.stack(attended), **tolerance)
        torch.testing.assert_close(output.combined[b], combined, **tolerance)


def test_two_glimpses_stand_side_by_side():
    output = build("mcb", glimpses=2)(*inputs())
    assert output.attended.shape == (4, 6, 2 * WIDTH)


def test_writing_glimpses_as_mean_and_deviation_changes_no_gradient():
    model, visual = build("mcb", glimpses=2).double(), inputs(dtype=torch.float64)[0]
    question = torch.randn(4, 8, dtype=torch.float64)
    weight = torch.randn(4, 6, 2, dtype=torch.float64)
    _, glimpses = model.attend(visual, question)
    written = torch.autograd.grad((glimpses * weight).sum(), model.attention_map[0].weight)[0]
    fused = spread(unit_signed_sqrt(model.attention_fusion(visual, question)))
    plain = model.attention_map(fused).softmax(1)
    plain = torch.autograd.grad((plain * weight).sum(), model.attention_map[0].weight)[0]
    torch.testing.assert_close(written, plain)


def test_gradient_at_the_mean_attention_is_the_sum_over_glimpses():
    model, (visual, tokens) = build("mcb", glimpses=2).double(), inputs(dtype=torch.float64)
    output = model(visual, tokens)
    loss = output.logits.square().sum()
    at_attended, at_attention = torch.autograd.grad(loss, (output.attended, output.attention))
    cells = visual / visual.square().mean(-1, keepdim=True).sqrt()
    expected = (at_attended * cells.repeat(1, 1, 2)).sum(-1)
    torch.testing.assert_close(at_attention, expected, atol=1e-8, rtol=1e-5)


def test_cells_share_their_attention_dropout():
    torch.manual_seed(0)
    model = build("mcb", dropout=0.5)
    seen = []
    model.attention_map.register_forward_pre_hook(lambda module, args: seen.append(args[0] == 0))
    model(*inputs())
    assert seen[0].any()
    assert torch.equal(seen[0].all(1), seen[0].any(1))


def test_learns_which_cell_to_read():
    model = build(
        "mcb", hidden=16, attention_sketch=64, attention_hidden=32, sketch=64, variance="none"
    )
    losses = losses_of_reading_a_cell(model)
    assert losses[-1] < 0.2 * losses[0]
