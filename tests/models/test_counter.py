"""The counting component against the public code and by hand, and the model around it."""

import math

import pytest
import torch

from tests.models.golden import as_reported, lin, reference
from tests.models.small import build, inputs
from vqax.errors import UsageError
from vqax.models.counter import Counter, fuse
from vqax.models.counting import Counting, Monotone, overlaps, soft_one_hot


def test_the_soft_count_of_the_public_code(shared):
    counting = Counting(10).double()
    for k, function in enumerate(counting.functions):
        function.weight.data = (lin(16, low=0.5, high=1.5) + 0.01 * k).double()
    boxes = lin(2, 4, 12, low=0.0, high=0.5)
    boxes = torch.cat([boxes[:, :2], boxes[:, :2] + lin(2, 2, 12, low=0.1, high=0.5)], 1)
    found = counting(boxes.transpose(1, 2).double(), lin(2, 12, low=-3.0, high=3.0).double())
    as_reported(found, reference(shared, "Counter (default + set weights)")["out"])


THREE_AND_A_DUPLICATE = torch.tensor([[
    [0.0, 0.0, 0.1, 0.1], [0.5, 0.5, 0.6, 0.6], [0.8, 0.1, 0.9, 0.2], [0.0, 0.0, 0.1, 0.1],
]])  # fmt: skip


def test_a_duplicate_does_not_count(shared):
    attention = torch.full((1, 4), 50.0, dtype=torch.float64)
    found = Counting(4).double()(THREE_AND_A_DUPLICATE.double(), attention)
    as_reported(found[0], reference(shared, "Counter dedup sanity"))


def test_what_is_not_attended_to_does_not_count():
    logits = torch.tensor([[50.0, 50.0, -50.0, -50.0]])
    found = Counting(4)(THREE_AND_A_DUPLICATE, logits)
    torch.testing.assert_close(found[0], torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0]), atol=1e-5, rtol=0)


def slow_iou(a, b):
    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    area = sum(max(0.0, c[2] - c[0]) * max(0.0, c[3] - c[1]) for c in (a, b))
    return wide * high / (area - wide * high + 1e-12)


def slow_count(boxes, attention, f):
    """Equations 2 to 11, pair by pair; ``f`` are the learnt functions on plain numbers."""
    n = len(boxes)
    distance = [[1 - slow_iou(a, b) for b in boxes] for a in boxes]
    row = [
        [f[3](attention[i] * attention[j]) * f[4](distance[i][j]) for j in range(n)]
        for i in range(n)
    ]
    same = []
    for j in range(n):
        alike = [
            math.prod(f[2](1 - abs(row[i][j] - row[i][k])) for i in range(n))
            * f[2](1 - abs(attention[j] - attention[k]))
            for k in range(n)
        ]
        same.append(sum(alike))
    total = 0.0
    for i in range(n):
        total += f[0](attention[i] ** 2) / same[i]
        for j in range(n):
            edge = f[0](attention[i] * attention[j]) * f[1](distance[i][j])
            total += edge / (same[i] * same[j])
    sure = sum(abs(f[5](a) - 0.5) for a in attention) / n
    sure += sum(abs(f[6](d) - 0.5) for line in distance for d in line) / n**2
    return math.sqrt(total), f[7](sure)


@torch.no_grad()
def test_counting_is_its_equations():
    torch.manual_seed(4)
    counting = Counting(5)
    for function in counting.functions:
        function.weight.data.uniform_(-2.0, 2.0)
    corners = torch.rand(1, 5, 2)
    boxes = torch.cat([corners, corners + torch.rand(1, 5, 2)], 2)
    logits = torch.randn(1, 5)
    f = [lambda x, one=one: float(one(torch.tensor(x))) for one in counting.functions]
    count, confidence = slow_count(boxes[0].tolist(), logits[0].sigmoid().tolist(), f)
    found = counting(boxes, logits)[0]
    expected = soft_one_hot(torch.tensor([count]), 5)[0] * confidence
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_a_monotone_function_starts_as_the_identity_and_stays_between_0_and_1():
    x = torch.linspace(0, 1, 33)
    function = Monotone()
    torch.testing.assert_close(function(x), x)
    torch.manual_seed(0)
    function.weight.data.normal_()
    y = function(x)
    assert y[0] == 0
    torch.testing.assert_close(y[-1], torch.tensor(1.0))
    assert (y.diff() >= 0).all()


def test_a_monotone_function_has_the_slope_of_its_segment():
    function = Monotone(2)
    function.weight.data = torch.tensor([1.0, -3.0])
    x = torch.tensor([0.1, 0.9], requires_grad=True)
    function(x).sum().backward()
    torch.testing.assert_close(x.grad, torch.tensor([0.5, 1.5]))


def test_overlaps():
    boxes = torch.tensor([[[0.0, 0.0, 1.0, 1.0], [0.5, 0.0, 1.5, 1.0], [2.0, 2.0, 2.0, 2.0]]])
    expected = torch.tensor([[1.0, 1 / 3, 0.0], [1 / 3, 1.0, 0.0], [0.0, 0.0, 0.0]])
    torch.testing.assert_close(overlaps(boxes)[0], expected)


@pytest.mark.parametrize(
    ("count", "row"),
    [(0.0, [1, 0, 0, 0]), (2.75, [0, 0, 0.25, 0.75]), (3.0, [0, 0, 0, 1]), (9.0, [0, 0, 0, 1])],
)
def test_soft_one_hot(count, row):
    expected = torch.tensor([row], dtype=torch.float32)
    torch.testing.assert_close(soft_one_hot(torch.tensor([count]), 3), expected)


def test_the_model_reads_the_boxes_apart_from_the_features():
    model, (visual, tokens) = build("counter"), inputs(2)
    assert model.reads_boxes
    visual[..., -4:-2] = 0.0
    visual[..., -2:] = 1.0
    output = model(visual, tokens)
    moved = visual.clone()
    moved[:, 0, -4:] = torch.tensor([0.0, 0.0, 0.2, 0.2])
    other = model(moved, tokens)
    assert output.attended.shape == (2, 6, 2 * 3)
    torch.testing.assert_close(other.attended, output.attended)
    assert not torch.allclose(other.logits, output.logits, atol=1e-6)


def test_fuse():
    x, y = torch.tensor([1.0, -3.0]), torch.tensor([2.0, 1.0])
    assert fuse(x, y).tolist() == [3.0 - 1.0, 0.0 - 16.0]


def test_inner_dropout_acts_in_training_only():
    model, (visual, tokens) = build("counter", inner_dropout=0.5), inputs(2)
    assert not torch.equal(model(visual, tokens).attention, model(visual, tokens).attention)
    model.eval()
    assert torch.equal(model(visual, tokens).logits, model(visual, tokens).logits)


def test_features_without_boxes_are_refused():
    with pytest.raises(UsageError, match="visual_dim: 4 channels"):
        Counter(words=3, answers=2, visual_dim=4)
