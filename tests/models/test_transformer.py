"""The transformer against its equations, written out for one question."""

import math

import torch

from tests.models.small import build, inputs, losses_of_reading_a_cell
from vqax.models.padding import present
from vqax.models.sinusoids import sinusoids


def normed(x, norm):
    mean = sum(x) / len(x)
    variance = sum((value - mean) ** 2 for value in x) / len(x)
    return [
        (value - mean) / math.sqrt(variance + norm.eps) * w + b
        for value, w, b in zip(x, norm.weight.tolist(), norm.bias.tolist(), strict=True)
    ]


def mapped(x, layer):
    return [
        sum(w * value for w, value in zip(row, x, strict=True)) + b
        for row, b in zip(layer.weight.tolist(), layer.bias.tolist(), strict=True)
    ]


def visual_input(states, block, heads, there):
    """The sum of what a token gets from all others, for each token, and the weights by head."""
    attention, width = block.attention, len(states[0])
    size = width // heads
    parts = [mapped(normed(x, block.attention_norm), attention.queries_keys_values) for x in states]
    got, weights = [], [[] for _ in range(heads)]
    for part in parts:
        side_by_side = []
        for head in range(heads):
            at = slice(head * size, (head + 1) * size)
            query = part[:width][at]
            scores = [
                sum(q * k for q, k in zip(query, other[width : 2 * width][at], strict=True))
                / math.sqrt(size)
                for other in parts
            ]
            above = [math.exp(s) if seen else 0.0 for s, seen in zip(scores, there, strict=True)]
            row = [value / sum(above) for value in above]
            weights[head].append(row)
            for k in range(size):
                side_by_side.append(
                    sum(a * other[2 * width :][at][k] for a, other in zip(row, parts, strict=True))
                )
        got.append(mapped(side_by_side, attention.out))
    return got, weights


def layer(states, block, heads, there):
    got, weights = visual_input(states, block, heads, there)
    states = [[x + g for x, g in zip(*pair, strict=True)] for pair in zip(states, got, strict=True)]
    norm, first, _, second = block.inner
    made = []
    for x in states:
        hidden = [max(0.0, value) for value in mapped(normed(x, norm), first)]
        made.append([a + b for a, b in zip(x, mapped(hidden, second), strict=True)])
    return made, weights


@torch.no_grad()
def test_it_is_its_equations():
    model = build("transformer", variance="none").eval().double()
    visual, tokens = inputs(2, dtype=torch.float64)
    output = model(visual, tokens)
    shown = model.attention_layers(visual, tokens, torch.tensor([1, 3]))
    for row in range(2):
        here = present(tokens)[row].tolist()
        places = sinusoids(present(tokens).cumsum(1), 8, torch.float64)[row].tolist()
        words = [
            [math.tanh(m + p) for m, p in zip(mapped(w, model.word_map), place, strict=True)]
            for w, place in zip(model.embedding(tokens[row]).tolist(), places, strict=True)
        ]
        read = [word for word, there in zip(words, here, strict=True) if there]
        question = [sum(column) / len(read) for column in zip(*read, strict=True)]
        torch.testing.assert_close(output.question[row], torch.tensor(question).double())
        cells = []
        for cell in visual[row].tolist():
            length = math.sqrt(sum(value**2 for value in cell) + 1e-12)
            cells.append(
                mapped([value * math.sqrt(7) / length for value in cell], model.visual_map)
            )
        start = [a + q for a, q in zip(model.answer_token.tolist(), question, strict=True)]
        states, there = [start, *words, *cells], [True, *here, *([True] * 6)]
        for number, block in enumerate([*model.blocks, model.last]):
            states, weights = layer(states, block, 2, there)
            expected = torch.tensor(weights, dtype=torch.float64)
            torch.testing.assert_close(shown.weights[number][row], expected)
        combined = torch.tensor(normed(states[0], model.norm), dtype=torch.float64)
        torch.testing.assert_close(output.combined[row], combined)
        first = expected[:, 0, -6:].mean(0)
        torch.testing.assert_close(output.attention[row], first / first.sum())
    torch.testing.assert_close(shown.score, output.logits[[0, 1], [1, 3]])


@torch.no_grad()
def test_attended_is_what_each_cell_adds():
    """Without a cell's value in the last layer, its part of the sum is gone and no other."""
    model, (visual, tokens) = build("transformer").eval(), inputs(1)
    captured = []
    model.last.attention.register_forward_hook(lambda *args: captured.append(args[2]))
    output = model(visual, tokens)
    weights, values = captured[0]
    each = torch.zeros(6, 8)
    for cell in range(6):
        alone = torch.zeros_like(values)
        alone[:, :, -6 + cell] = values[:, :, -6 + cell]
        heads = (weights[:, :, :1] @ alone)[0, :, 0].flatten()
        each[cell] = model.last.attention.out.weight @ heads
    torch.testing.assert_close(output.attended[0], each)


def test_sinusoids_are_the_published_ones():
    found = sinusoids(torch.tensor([[0, 3]]), 6, torch.float64)[0, 1].tolist()
    for k in range(3):
        angle = 3 / 10000 ** (2 * k / 6)
        assert math.isclose(found[k], math.sin(angle))
        assert math.isclose(found[3 + k], math.cos(angle))
    assert sinusoids(torch.tensor([2]), 5, torch.float32).shape == (1, 5)


def test_words_have_an_order_and_cells_have_none():
    model, (visual, tokens) = build("transformer").eval(), inputs()
    other = model(visual, tokens[:, [0, 2, 1, 3]])
    same = (tokens[:, 1] == tokens[:, 2])[:, None]
    assert ((other.logits - model(visual, tokens).logits).abs() > 1e-6)[~same[:, 0]].any(1).all()


def test_it_learns_to_read_a_cell():
    losses = losses_of_reading_a_cell(build("transformer"), steps=60)
    assert losses[-1] < 0.2 * losses[0]
