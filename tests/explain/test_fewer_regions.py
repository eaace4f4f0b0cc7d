"""Regions taken away one by one, and all but a part of them."""

import pytest
import torch

from tests.models.small import build, inputs
from vqax.errors import UsageError
from vqax.explain.region_ablation import answers_by_part, without_each
from vqax.explain.region_grad_cam import region_grad_cam, region_gradient

SCORES = {"sigmoid": torch.sigmoid, "softmax": lambda x: x.softmax(0)}
models = pytest.mark.parametrize("name", ["san", "mcb", "updn"])


def steep(name):
    """Weights so large that regions change answers."""
    model = build(name, variance="none", dropout=0.5).double()
    with torch.no_grad():
        for value in model.parameters():
            value.mul_(3.0)
    return model


@models
@pytest.mark.parametrize("scores", SCORES)
def test_without_each_is_the_literal_loop(name, scores):
    model, (visual, tokens) = steep(name), inputs(5, dtype=torch.float64)
    found = without_each(model, visual, tokens, scores=scores, at_once=7)
    assert model.training
    model.eval()
    for b in range(5):
        logits = model(visual[b : b + 1], tokens[b : b + 1]).logits[0]
        assert int(found.answers[b]) == int(logits.argmax())
        for gone in range(6):
            others = [k for k in range(6) if k != gone]
            after = model(visual[b : b + 1, others], tokens[b : b + 1]).logits[0]
            pairs = zip(SCORES[scores](logits), SCORES[scores](after), strict=True)
            moved = 0.5 * sum(abs(x - y) for x, y in pairs)
            assert found.change[b, gone].item() == pytest.approx(moved.item(), abs=1e-12)
            assert int(found.without[b, gone]) == int(after.argmax())


@models
def test_answers_by_part_are_those_of_the_regions_alone(name):
    model, (visual, tokens) = steep(name), inputs(5, dtype=torch.float64)
    parts = torch.stack(
        [torch.randperm(6, generator=torch.Generator().manual_seed(b)) for b in range(5)]
    )
    parts = parts * 3 // 6
    found = answers_by_part(model, visual, tokens, parts)
    assert found.shape == (5, 3)
    model.eval()
    for b in range(5):
        for k in range(3):
            alone = model(visual[b : b + 1, parts[b] == k], tokens[b : b + 1]).logits
            assert int(found[b, k]) == int(alone.argmax())


def test_unknown_scores_are_named():
    visual, tokens = inputs()
    with pytest.raises(UsageError, match=r"scores: 'tanh' .* sigmoid, softmax"):
        without_each(build("san"), visual, tokens, scores="tanh")


@models
def test_region_grad_cam_is_the_softmax_of_summed_gradients(name):
    model, (visual, tokens) = build(name, variance="none").double(), inputs(4, dtype=torch.float64)
    answer = torch.tensor([0, 3, 1, 1])
    found = region_grad_cam(model, visual, tokens, answer, (2, 3))
    magnitude = region_gradient(model, visual, tokens, answer, (2, 3))
    assert found.shape == magnitude.shape == (4, 2, 3)
    for b in range(4):
        cells = visual[b : b + 1].clone().requires_grad_()
        y = model(cells, tokens[b : b + 1]).logits[0, answer[b]]
        (slope,) = torch.autograd.grad(y, cells)
        sums = torch.stack([slope[0, k].sum() for k in range(6)])
        torch.testing.assert_close(found[b].flatten(), sums.softmax(0))
        torch.testing.assert_close(magnitude[b].flatten(), sums.abs())
