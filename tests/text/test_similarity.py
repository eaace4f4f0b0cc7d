"""Cosines of words and category names, on vectors of two numbers."""

import numpy as np
import pytest

from vqax.text.glove import WordVectors
from vqax.text.similarity import category_vectors, cosine_table

WORDS = {"cat": (2.0, 0.0), "dog": (3.0, 4.0), "wine": (1.0, 0.0), "glass": (0.0, 1.0),
         "nothing": (0.0, 0.0)}  # fmt: skip


@pytest.fixture
def vectors() -> WordVectors:
    return WordVectors({w: k for k, w in enumerate(WORDS)}, np.array([*WORDS.values()], "f4"))


def test_a_name_of_several_words_is_their_sum(vectors: WordVectors) -> None:
    rows, known = category_vectors(["wine glass", "Cat,kitty", "wine qqq", "qqq", ""], vectors)
    assert rows.tolist() == [[1, 1], [2, 0], [1, 0], [0, 0], [0, 0]]
    assert known.tolist() == [True, True, True, False, False]


def test_cosines(vectors: WordVectors) -> None:
    table = cosine_table(["cat", "dog", "qqq"], ["cat", "wine glass", "qqq"], vectors)
    half = np.sqrt(0.5)
    expected = [[1, half, -1], [0.6, 1.4 * half, -1], [-1, -1, -1]]
    np.testing.assert_allclose(table, expected, atol=1e-6)


def test_a_vector_of_zeros_is_like_nothing(vectors: WordVectors) -> None:
    assert cosine_table(["nothing"], ["cat"], vectors).tolist() == [[-1]]


def test_the_published_tables_hold_sums_of_rows(shared) -> None:
    """Multi-word categories of the SCR table are sums: the convention that is kept here."""
    table = np.load(shared / "data/visual_genome_vocab/glove6b_init_objects_300d.npy")[1:400]
    rows = {np.round(row, 3).tobytes() for row in table}
    found = any(
        np.round(table[i] + table[j], 3).tobytes() in rows
        for i in range(60)
        for j in range(i + 1, len(table))
    )
    assert found
