import pytest
import torch

from tests.models.golden import as_reported, lin, reference
from tests.models.small import build, inputs, losses_of_reading_a_cell
from vqax.models.updn import UpDn
from vqax.models.weight_norm import NormedLinear

NAMES = {
    "w_emb.emb": "embedding",
    "q_emb.rnn": "encoder",
    "v_att.v_proj.main.0": "cell_map",
    "v_att.q_proj.main.0": "query_map",
    "v_att.linear": "score",
    "q_net.main.0": "question_map",
    "v_net.main.0": "visual_map",
    "classifier.main.0": "head.hidden",
    "classifier.main.3": "head.answer",
}
"""Module of the public code -> ours."""


def published_weights(model, keys):
    """The state of ``model`` with every published tensor at its golden value."""
    state = {}
    for key in keys:
        module, _, tensor = key.rpartition(".")
        ours = f"{NAMES[module]}.{({'weight_g': 'gain', 'weight_v': 'weight'}).get(tensor, tensor)}"
        shape = model.state_dict()[ours].shape
        state[ours] = lin(*shape, low=-0.5, high=0.5) if shape else torch.tensor(1.3)
    table = state["embedding.weight"]
    state["embedding.weight"] = torch.cat([table[-1:], table[:-1]])  # theirs has padding last
    return state


def test_logits_and_attention_of_the_public_code(shared):
    golden = reference(shared, "UpDn hengyuan-hu (tiny)")
    model = UpDn(words=13, answers=9, visual_dim=16, hidden=8, classifier=16).eval()
    model.load_state_dict(published_weights(model, golden["keys"]))
    tokens = torch.tensor([[0] * 9 + [2, 3, 4, 5, 6], [0] * 12 + [1, 8]])
    output = model.double()(lin(2, 36, 16).double(), tokens)
    as_reported(output.logits[0], golden["logits0"])
    as_reported(output.attention[0].topk(3).values, golden["att0_top3"])


@torch.no_grad()
def layer(x, normed):
    """One entry after the other: ReLU(gain V x / ‖V‖ + bias)."""
    length = sum(float(v) ** 2 for v in normed.weight.flatten()) ** 0.5
    return torch.stack([
        sum(normed.gain * w * x_i / length for w, x_i in zip(row, x, strict=True)) + bias
        for row, bias in zip(normed.weight, normed.bias, strict=True)
    ])  # fmt: skip


@torch.no_grad()
def test_attention_is_its_equation():
    model, (visual, tokens) = build("updn"), inputs(2)
    output = model(visual, tokens)
    for k in range(2):
        query = layer(output.question[k], model.query_map).relu()
        scores = [
            layer(layer(cell, model.cell_map).relu() * query, model.score) for cell in visual[k]
        ]
        weights = torch.stack(scores).flatten().exp()
        torch.testing.assert_close(output.attention[k], weights / weights.sum())
        expected = torch.stack(
            [p * cell for p, cell in zip(output.attention[k], visual[k], strict=True)]
        )
        torch.testing.assert_close(output.attended[k], expected)
        fused = layer(output.question[k], model.question_map).relu()
        fused = fused * layer(expected.sum(0), model.visual_map).relu()
        torch.testing.assert_close(output.combined[k], fused)
        hidden = layer(fused, model.head.hidden).relu()
        torch.testing.assert_close(output.logits[k], layer(hidden, model.head.answer))


def test_an_untrained_normed_layer_is_the_plain_one():
    torch.manual_seed(3)
    normed = NormedLinear(7, 4)
    torch.manual_seed(3)
    plain = torch.nn.Linear(7, 4)
    x = torch.randn(2, 3, 7)
    torch.testing.assert_close(normed(x), plain(x))


def test_the_length_of_the_direction_does_not_count():
    normed, x = NormedLinear(5, 3), torch.randn(2, 5)
    before = normed(x)
    normed.weight.data.mul_(7.0)
    torch.testing.assert_close(normed(x), before)
    normed.gain.data.mul_(2.0)
    torch.testing.assert_close(normed(x) - normed.bias, 2 * (before - normed.bias))


@pytest.mark.parametrize("options", [{"attention": False}, {"att_norm": True}])
def test_without_attention_the_answer_reads_the_mean_region(options):
    visual, tokens = inputs(3, cells=5)
    output = build("updn", **options)(visual, tokens)
    torch.testing.assert_close(output.attended, visual / 5)
    torch.testing.assert_close(output.attended.sum(1), visual.mean(1))


def test_att_norm_shows_weights_that_nothing_reads():
    visual, tokens = inputs(3, cells=5)
    plain = build("updn")(visual, tokens)
    trap = build("updn", att_norm=True)(visual, tokens)
    off = build("updn", attention=False)(visual, tokens)
    torch.testing.assert_close(trap.attention, plain.attention)
    torch.testing.assert_close(off.attention, torch.full((3, 5), 0.2))
    torch.testing.assert_close(trap.logits, off.logits)
    assert not torch.allclose(trap.logits, plain.logits)


def test_weights_fit_with_and_without_attention():
    model = build("updn")
    build("updn", attention=False).load_state_dict(model.state_dict())


def test_a_zeroed_region_stays_in_the_softmax():
    visual, tokens = inputs(2)
    visual[:, 2] = 0.0
    output = build("updn")(visual, tokens)
    assert (output.attention[:, 2] > 0).all()
    assert not output.attended[:, 2].any()


def test_unit_cells_take_the_length_away():
    visual, tokens = inputs(2)
    model = build("updn", unit_cells=True)
    torch.testing.assert_close(model(visual * 5, tokens).logits, model(visual, tokens).logits)


def test_the_attention_drops_the_same_entries_for_all_regions():
    model = build("updn", attention_dropout=0.5).train()
    visual, tokens = inputs(2)
    output = model(visual[:, :1].expand(-1, 6, -1), tokens)
    torch.testing.assert_close(output.attention, torch.full((2, 6), 1 / 6))
    assert not torch.equal(model(visual, tokens).attention, model(visual, tokens).attention)


def test_it_learns_to_read_a_region():
    losses = losses_of_reading_a_cell(build("updn", unit_cells=True, variance="none"), 60)
    assert losses[-1] < 0.3 * losses[0]
