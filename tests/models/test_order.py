"""The order of scores against sorting by hand; equals stand in the order they came in."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from vqax.models.order import falling, likeliest, top_answer


@given(st.lists(st.sampled_from([-2.0, -0.5, 0.0, 0.25, 3.0]), min_size=1, max_size=40))
def test_equals_stand_in_the_order_they_came_in(values):
    by_hand = sorted(range(len(values)), key=lambda place: (-values[place], place))
    assert falling(torch.tensor([values])).tolist() == [by_hand]
    assert likeliest(torch.tensor([values]), 3).tolist() == [by_hand[:3]]


def test_rounding_does_not_part_equals():
    values = torch.tensor([[0.3, 0.1 + 0.2, -torch.inf, 0.0, 5.0, -torch.inf]], dtype=torch.float64)
    assert values[0, 0] < values[0, 1]
    assert falling(values).tolist() == [[4, 0, 1, 3, 2, 5]]


def test_a_difference_in_the_fifth_digit_is_one():
    assert falling(torch.tensor([[1.0, 1.0001]])).tolist() == [[1, 0]]


def test_the_likeliest_answer_is_that_of_argmax():
    logits = torch.tensor([[0.0, 2.0, 2.0, 2.0], [1.0, 1.0, 1.0, 1.0]])
    assert likeliest(logits, 9)[:, 0].tolist() == logits.argmax(1).tolist()
    assert likeliest(logits, 9).shape == (2, 4)


def test_an_answer_that_is_as_likely_as_before_has_not_changed():
    before = torch.tensor([1, 1, 0])
    logits = torch.tensor([[2.0, 2.0, 0.0], [2.0 + 4e-7, 2.0, 0.0], [2.0, 2.1, 0.0]])
    assert top_answer(logits, before).tolist() == [1, 1, 1]
