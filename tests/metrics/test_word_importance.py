import numpy as np
import pytest

from vqax.metrics.word_importance import by_chance, most_important

PRESENT = np.array([[False, True, True, True], [False, False, True, True], [False] * 4])


def slow(importance, present):
    """Word by word: the largest ones of a question share a 1."""
    result = np.zeros(importance.shape)
    for row in range(len(importance)):
        words = [place for place in range(importance.shape[1]) if present[row, place]]
        best = [w for w in words if importance[row, w] == max(importance[row, v] for v in words)]
        for word in best:
            result[row, word] = 1 / len(best)
    return result


def test_slow_twin():
    rng = np.random.default_rng(0)
    importance = rng.integers(-2, 3, (50, 6)).astype(float)
    present = rng.random((50, 6)) < 0.6
    np.testing.assert_allclose(most_important(importance, present), slow(importance, present))


def test_words_that_are_not_there_do_not_count():
    importance = np.array([[9.0, -3.0, -1.0, -2.0], [9.0, 9.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0]])
    np.testing.assert_array_equal(
        most_important(importance, PRESENT), [[0, 0, 1, 0], [0, 0, 0.5, 0.5], [0] * 4]
    )


def test_chance_is_one_over_the_words_of_the_question():
    assert by_chance(PRESENT)[0, 1:] == pytest.approx([1 / 3] * 3)
    np.testing.assert_array_equal(by_chance(PRESENT).sum(axis=1), [1, 1, 0])
