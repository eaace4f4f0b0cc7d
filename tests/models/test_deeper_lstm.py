import inspect

import pytest
import torch

from tests.models.small import build, inputs
from tests.models.test_scale import slow_mean_square_one
from vqax.models.deeper_lstm import DeeperLstm


def slow_lstm(layer, words):
    """States and last cell of an LSTM, gate by gate in the order of torch: i, f, g, o."""
    hidden = cell = torch.zeros(layer.hidden_size)
    states = []
    for word in words:
        gates = (
            layer.weight_ih_l0 @ word + layer.bias_ih_l0
            + layer.weight_hh_l0 @ hidden + layer.bias_hh_l0
        )  # fmt: skip
        i, f, g, o = gates.chunk(4)
        cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
        hidden = o.sigmoid() * cell.tanh()
        states.append(hidden)
    return states, cell


def slow_question(model, tokens):
    """[c1, h1, c2, h2] of one question, padding left out."""
    words = [model.embedding.weight[token].tanh() for token in tokens if token != 0]
    first, first_cell = slow_lstm(model.encoder.first, words)
    second, second_cell = slow_lstm(model.encoder.second, first)
    return torch.cat([first_cell, first[-1], second_cell, second[-1]])


def test_slow_forward():
    model, (visual, tokens) = build("deeper_lstm"), inputs()
    tokens[1, 1] = 0  # questions of three words and of two
    output = model(visual, tokens)
    assert output.attention is None
    for b in range(4):
        question = slow_question(model, tokens[b])
        torch.testing.assert_close(output.question[b], question)
        mean = sum(visual[b, cell] for cell in range(6)) / 6
        image = model.visual_map(slow_mean_square_one(mean)).tanh()
        fused = model.question_map(question).tanh() * image
        torch.testing.assert_close(output.combined[b], fused)


def test_factors_of_the_combine_layer():
    model, (visual, tokens) = build("deeper_lstm"), inputs()
    output = model(visual, tokens)
    image = model.image_vector(visual.mean(1))
    torch.testing.assert_close(output.combined, image * model.question_vector(output.question))


def test_attended_cells_sum_to_the_mean():
    visual, tokens = inputs()
    output = build("deeper_lstm")(visual, tokens)
    torch.testing.assert_close(output.attended.sum(1), visual.mean(1))


def test_default_sizes_are_the_released_ones():
    sizes = {
        name: parameter.default
        for name, parameter in inspect.signature(DeeperLstm).parameters.items()
        if name in ("word_dim", "hidden", "fused", "dropout")
    }
    assert sizes == {"word_dim": 200, "hidden": 512, "fused": 1024, "dropout": 0.5}
    model = DeeperLstm(words=5, answers=3, visual_dim=4)
    assert tuple(model.question_map.weight.shape) == (1024, 2048)


@pytest.mark.parametrize("place", ["words", "layers", "image", "question", "head"])
def test_dropout_falls_on_five_places_in_training_only(place):
    """Each place is a call of a Dropout on a tensor of its own width."""
    model = build("deeper_lstm", dropout=0.5, variance="none")
    widths = {"words": 3, "layers": 8, "image": 7, "question": 32, "head": 9}
    seen = []
    for module in (model.encoder.dropout, model.dropout, model.head.dropout):
        module.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape[-1]))
    first, second = model(*inputs()).logits, model(*inputs()).logits
    assert not torch.equal(first, second)
    assert seen.count(widths[place]) == 2
    assert torch.equal(model.eval()(*inputs()).logits, model(*inputs()).logits)
