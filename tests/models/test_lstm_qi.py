import torch

from tests.models.small import build, inputs
from tests.models.test_scale import slow_mean_square_one


def test_slow_forward():
    model, (visual, tokens) = build("lstm_qi"), inputs()
    output = model(visual, tokens)
    assert output.attention is None
    for b in range(4):
        mean = sum(visual[b, cell] for cell in range(6)) / 6
        image = model.visual_map(slow_mean_square_one(mean)).tanh()
        combined = image * model.question_map(output.question[b]).tanh()
        torch.testing.assert_close(output.combined[b], combined)


def test_attended_cells_sum_to_the_mean():
    visual, tokens = inputs()
    output = build("lstm_qi")(visual, tokens)
    torch.testing.assert_close(output.attended.sum(1), visual.mean(1))
