"""Answers that nobody looked for."""

import numpy as np
import pytest

from vqax.metrics.answer_controls import inverted, random_answers, top_answer_masked

SHARES = np.array([[0.6, 0.3, 0.1, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]])


def test_random_answers_follow_the_shares():
    many = np.repeat(SHARES[:1], 20000, axis=0)
    found = np.bincount(random_answers(many, seed=5), minlength=4) / 20000
    np.testing.assert_allclose(found, SHARES[0], atol=0.01)


def test_random_answers_of_certain_and_of_no_shares():
    assert random_answers(SHARES, seed=1)[1:].tolist() == [2, -1]
    assert (random_answers(SHARES, 1) == random_answers(SHARES, 1)).all()


def test_shares_need_not_sum_to_one():
    rows = np.repeat(np.array([[0.2, 0.2, 0.0]]), 5000, axis=0)
    found = np.bincount(random_answers(rows, seed=2), minlength=3) / 5000
    np.testing.assert_allclose(found, [0.5, 0.5, 0.0], atol=0.03)


def test_inverted_shares_turn_the_order_of_the_answers_that_were_given():
    found = inverted(SHARES)
    inverse = np.array([1 / 0.6, 1 / 0.3, 1 / 0.1])
    np.testing.assert_allclose(found[0], [*inverse / inverse.sum(), 0.0])
    assert found[1].tolist() == [0.0, 0.0, 1.0, 0.0]
    assert not found[2].any()


def test_the_second_best_answer_is_left():
    scores = np.random.default_rng(0).normal(size=(30, 5))
    expected = [sorted(range(5), key=lambda a, row=row: -row[a])[1] for row in scores]
    assert top_answer_masked(scores).tolist() == expected
    assert top_answer_masked(np.array([[1.0, 1.0]])).tolist() == [1]


@pytest.mark.parametrize("function", [inverted, top_answer_masked])
def test_what_was_given_is_left_as_it_was(function):
    given = SHARES.copy()
    function(given)
    np.testing.assert_array_equal(given, SHARES)
