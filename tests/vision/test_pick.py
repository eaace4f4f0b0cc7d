import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vqax.errors import BadData
from vqax.vision.pick import OVERLAPS, pick


def iou(one, other):
    sides = [max(0.0, min(one[k + 2], other[k + 2]) - max(one[k], other[k])) for k in (0, 1)]
    both = sides[0] * sides[1]
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return both / (sum(areas) - both)


def literal(boxes, scores, count):
    """Greedy suppression by the definition, again and again with a laxer overlap."""
    order = sorted(range(len(boxes)), key=lambda k: -scores[k])
    chosen = []
    for overlap in OVERLAPS:
        if len(chosen) < count:
            kept = []
            for k in order:
                if all(iou(boxes[k], boxes[other]) <= overlap for other in kept):
                    kept.append(k)
            chosen += [k for k in kept if k not in chosen]
    return sorted(chosen[:count], key=lambda k: -scores[k])


@st.composite
def boxes_and_scores(draw):
    number = draw(st.integers(1, 12))
    random = draw(st.randoms(use_true_random=False))
    boxes = [(random.uniform(0, 9), random.uniform(0, 5)) for _ in range(number)]
    boxes = [(x, y, x + random.uniform(2, 9), y + random.uniform(2, 9)) for x, y in boxes]
    scores = random.sample([k / 20 for k in range(20)], number)
    return boxes, scores


@settings(deadline=None)
@given(boxes_and_scores(), st.integers(1, 6))
def test_as_by_the_definition(case, count):
    boxes, scores = case
    expected = literal(boxes, scores, count)
    wanted = torch.tensor(boxes, dtype=torch.float64), torch.tensor(scores, dtype=torch.float64)
    if len(expected) < count:
        with pytest.raises(BadData, match=f"p.png: has {len(expected)} distinct boxes"):
            pick(*wanted, count, "p.png")
    else:
        assert pick(*wanted, count, "p.png").tolist() == expected


def test_a_box_that_is_there_twice_counts_once():
    boxes = torch.tensor([[0.0, 0, 9, 9], [0, 0, 9, 9], [20, 0, 30, 9]])
    scores = torch.tensor([0.5, 0.6, 0.1])
    assert pick(boxes, scores, 2, "p").tolist() == [1, 2]
    with pytest.raises(BadData, match="has 2 distinct boxes, not 3; ask for fewer"):
        pick(boxes, scores, 3, "p")


def test_boxes_thinner_than_a_pixel_are_none():
    boxes = torch.tensor([[0.0, 0, 0.5, 9], [0, 0, 9, 0], [20, 0, 30, 9]])
    assert pick(boxes, torch.tensor([0.9, 0.8, 0.1]), 1, "p").tolist() == [2]


def test_no_box_at_all():
    with pytest.raises(BadData, match="has 0 distinct boxes"):
        pick(torch.zeros(0, 4), torch.zeros(0), 1, "p")
