"""Attention over regions against the objects that questions need, by hand and by slow twins."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqax.metrics.detection import intersection_over_union
from vqax.metrics.key_objects import (
    found_objects,
    on_relevant,
    padded_boxes,
    pointing_game,
    relevance_mass,
)


def literal_iou(a, b) -> float:
    if any(math.isnan(side) for side in b):
        return 0.0
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (area - width * height)


def boxes(rng: np.random.Generator, *shape: int) -> np.ndarray:
    corner = rng.uniform(0, 20, (*shape, 2))
    return np.concatenate([corner, corner + rng.uniform(5, 20, (*shape, 2))], axis=-1)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000))
def test_iou_agrees_with_the_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    regions = boxes(rng, 3, 5).astype(np.float32)
    relevant = padded_boxes([boxes(rng, 2), np.zeros((0, 4)), boxes(rng, 1)])
    assert relevant.shape == (3, 2, 4)
    values = intersection_over_union(regions, relevant)
    for n, k, m in np.ndindex(3, 5, 2):
        assert values[n, k, m] == pytest.approx(
            literal_iou(regions[n, k], relevant[n, m]), abs=1e-6
        )


def test_half_of_the_union_is_enough() -> None:
    relevant = padded_boxes([np.array([[0, 0, 10, 10.0]])])
    regions = np.array([[[0, 0, 10, 5], [0, 0, 10, 4.9], [0, 0, 10, 20.0]]])
    assert on_relevant(regions, relevant).tolist() == [[True, False, True]]


def test_no_needed_object_at_all() -> None:
    assert not on_relevant(np.ones((2, 3, 4)), padded_boxes([np.zeros((0, 4))] * 2)).any()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000))
def test_share_and_point_agree_with_the_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    attention = rng.integers(0, 4, (5, 4)) / 4
    shows = rng.random((5, 4)) < 0.4
    share, point = relevance_mass(attention, shows), pointing_game(attention, shows)
    for n in range(5):
        if not shows[n].any():
            assert np.isnan(share[n])
            assert np.isnan(point[n])
            continue
        total = sum(attention[n])
        mass = sum(attention[n, k] for k in range(4) if shows[n, k])
        assert share[n] == pytest.approx(mass / total) if total else np.isnan(share[n])
        best = [k for k in range(4) if attention[n, k] == max(attention[n])]
        assert point[n] == pytest.approx(sum(shows[n, k] for k in best) / len(best))


def test_all_attention_on_the_needed_object() -> None:
    shows = np.array([[False, True, False]])
    assert relevance_mass(np.array([[0.0, 1.0, 0.0]]), shows).tolist() == [1]
    assert pointing_game(np.array([[0.3, 0.5, 0.2]]), shows).tolist() == [1]
    assert pointing_game(np.array([[0.5, 0.3, 0.2]]), shows).tolist() == [0]
    assert pointing_game(np.array([[0.5, 0.5, 0.0]]), shows).tolist() == [0.5]


def test_precision_and_recall_of_chosen_boxes() -> None:
    relevant = padded_boxes([np.array([[0, 0, 10, 10], [20, 20, 30, 30.0]]), np.zeros((0, 4))])
    region = [[0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60], [20, 20, 30, 30]]
    regions = np.array([region, region], dtype=np.float32)
    chosen = np.array([[True, True, True, False], [True, False, False, False]])
    found = found_objects(regions, chosen, relevant)
    assert tuple(found) == (2, 4, 1, 2)
    assert found.precision == 0.5
    assert found.recall == 0.5
    nothing = found_objects(regions, np.zeros_like(chosen), relevant[:, :0])
    assert np.isnan(nothing.precision)
    assert np.isnan(nothing.recall)
