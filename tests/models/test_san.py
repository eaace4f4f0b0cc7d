import torch

from tests.models.small import build, inputs
from tests.models.test_scale import slow_mean_square_one


def slow_look(layer, cells, query):
    scores = [layer.score(torch.tanh(layer.cell_map(v) + layer.query_map(query))) for v in cells]
    weights = torch.softmax(torch.cat(scores), 0)
    return weights, query + sum(weight * v for weight, v in zip(weights, cells, strict=True))


def test_slow_forward():
    model, (visual, tokens) = build("san"), inputs()
    output = model(visual, tokens)
    for b in range(4):
        cells = [model.visual_map(slow_mean_square_one(v)).tanh() for v in visual[b]]
        _, query = slow_look(model.first, cells, output.question[b])
        attention, combined = slow_look(model.second, cells, query)
        torch.testing.assert_close(output.attention[b], attention)
        torch.testing.assert_close(output.combined[b], combined)
