"""Which regions are key objects, and which are ignored."""

import json
import math

import pytest
import torch

from vqax.errors import UsageError
from vqax.learning.key_objects import (
    THRESHOLDS,
    above_the_last,
    ignored_by,
    kept,
    only_the_first,
)


def lin(count, low, high, stride=1):
    """The sequence that golden/README.md describes; ``stride`` is its k."""
    step = 0.6180339887498949 * stride
    return torch.tensor(
        [low + (high - low) * math.modf(i * step)[0] for i in range(1, count + 1)],
        dtype=torch.float64,
    ).float()


def test_mask_logic_of_the_reference(shared):
    golden = json.loads((shared / "golden" / "reference.json").read_text())
    (rows,) = [value for key, value in golden.items() if key.startswith("AttReg mask logic")]
    attention = lin(3 * 36, -2, 2, stride=7).reshape(3, 36).softmax(1)
    hints = lin(3 * 36, 0, 1).reshape(3, 36)
    key, ignored = above_the_last(hints, 4), ignored_by(attention, 7)
    assert [row.nonzero()[:, 0].tolist() for row in key] == rows["hint"]
    assert [(~row).nonzero()[:, 0].tolist() for row in ignored] == rows["top7"]
    assert [row.nonzero()[:, 0].tolist() for row in key & ignored] == rows["masked"]
    weakest = attention.masked_fill(ignored, 2.0).amin(1)
    torch.testing.assert_close(weakest - 1e-5, torch.tensor(rows["att_thr"]), atol=1e-7, rtol=0)


def literal_released(row, top):
    ordered = sorted(row, reverse=True)
    threshold = ordered[min(top, len(row)) - 1] - 1e-5
    if threshold < 0.2:
        threshold += 0.1
    return [value > threshold for value in row]


def literal_top(row, top):
    chosen = [False] * len(row)
    for _ in range(top):
        left = [k for k, taken in enumerate(chosen) if not taken and row[k] > 0]
        if left:
            chosen[max(left, key=lambda k: (row[k], -k))] = True
    return chosen


@pytest.mark.parametrize(
    ("name", "literal"), [("released", literal_released), ("top", literal_top)]
)
@pytest.mark.parametrize("top", [1, 3, 9])
def test_thresholds_are_the_literal_ones(name, literal, top):
    hints = (torch.rand(40, 6, generator=torch.Generator().manual_seed(top)) * 10).round() / 10
    hints = torch.where(hints > 0.5, hints, 0.0)
    found = THRESHOLDS[name](hints, top)
    assert found.tolist() == [literal(row, top) for row in hints.tolist()]
    assert 0 < found.sum() < found.numel()


def test_equals_of_the_last_one():
    hints = torch.tensor([[0.9, 0.7, 0.7, 0.7, 0.0]])
    assert above_the_last(hints, 2).tolist() == [[True, True, True, True, False]]
    assert only_the_first(hints, 2).tolist() == [[True, True, False, False, False]]


def test_no_hint_is_no_key_object():
    for rule in THRESHOLDS.values():
        assert not rule(torch.zeros(2, 5), 3).any()


@pytest.mark.parametrize(
    ("keep_top", "regions", "number"), [(7, 36, 7), (0.2, 36, 7), (0.01, 36, 1), (1, 4, 1)]
)
def test_kept_is_a_number_or_a_share(keep_top, regions, number):
    assert kept(keep_top, regions) == number


@pytest.mark.parametrize("keep_top", [6, 7, 0.99])
def test_something_must_be_ignored(keep_top):
    with pytest.raises(UsageError, match=r"keep_top: .* of 6 regions leaves none"):
        kept(keep_top, 6)


def test_weights_near_the_last_one_kept_count_as_attended():
    attention = torch.tensor([[0.6, 0.2, 0.2 - 5e-6, 0.1, 0.1 - 1e-5], [1.0, 4e-6, 3e-6, 1e-6, 0]])
    assert ignored_by(attention, 2).tolist() == [[False, False, False, True, True], [False] * 5]
    exact = [[False, False, True, True, True]] * 2
    assert ignored_by(attention, 2, margin=0.0).tolist() == exact


def test_uniform_attention_ignores_nothing():
    assert not ignored_by(torch.full((1, 5), 0.2), 2, margin=0.0).any()
