"""Ranks, shares by rank and total variation, against loops over questions and regions."""

import numpy as np
import pytest

from vqax.errors import BadData
from vqax.metrics.faithfulness import by_rank, parts_by_rank, ranks, total_variation

NOISE = np.random.default_rng(3)


def literal_ranks(row):
    """How many regions come before each one: heavier ones, and equals to its left."""
    return [
        sum(other > weight or (other == weight and k < place) for k, other in enumerate(row))
        for place, weight in enumerate(row)
    ]


def test_ranks_are_the_literal_ones_with_ties():
    weights = NOISE.integers(0, 4, (20, 7)) / 4
    assert ranks(weights).tolist() == [literal_ranks(row) for row in weights.tolist()]


def test_values_by_rank():
    weights, values = NOISE.random((9, 5)), NOISE.random((9, 5))
    expected = [
        [value for _, value in sorted(zip(w, v, strict=True), key=lambda pair: -pair[0])]
        for w, v in zip(weights.tolist(), values.tolist(), strict=True)
    ]
    assert by_rank(values, weights).tolist() == expected


@pytest.mark.parametrize(("regions", "parts"), [(36, 10), (10, 10), (7, 3), (5, 1)])
def test_parts_hold_equally_many_regions_or_one_more(regions, parts):
    weights = NOISE.random((4, regions))
    found = parts_by_rank(weights, parts)
    for row, weight in zip(found, weights, strict=True):
        sizes = np.bincount(row, minlength=parts)
        assert len(sizes) == parts
        assert sizes.max() - sizes.min() <= 1
        for k in range(parts - 1):
            assert weight[row == k].min() > weight[row > k].max()


def test_total_variation():
    p, q = NOISE.dirichlet(np.ones(4), 6), NOISE.dirichlet(np.ones(4), 6)
    expected = [
        0.5 * sum(abs(a - b) for a, b in zip(x, y, strict=True)) for x, y in zip(p, q, strict=True)
    ]
    np.testing.assert_allclose(total_variation(p, q), expected)
    assert total_variation(np.eye(2), np.eye(2)[::-1]).tolist() == [1.0, 1.0]


def test_what_has_no_rank_is_refused():
    with pytest.raises(BadData, match="NaN has no rank"):
        ranks(np.array([[0.5, np.nan]]))
    with pytest.raises(BadData, match="5 regions cannot be divided into 10 parts"):
        parts_by_rank(np.ones((2, 5)), 10)
