import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vqax.metrics.detection import found, intersection_over_union

CELLS = 8


@st.composite
def whole_boxes(draw, least=1):
    number = draw(st.integers(least, 4))
    corners = draw(arrays.arrays(np.int64, (number, 2, 2), elements=st.integers(0, CELLS)))
    low, high = corners.min(axis=1), corners.max(axis=1)
    return np.concatenate([low, high], axis=1).astype(np.float64)


def painted(box):
    image = np.zeros((CELLS, CELLS), dtype=bool)
    x1, y1, x2, y2 = box.astype(int)
    image[y1:y2, x1:x2] = True
    return image


@given(whole_boxes(), whole_boxes())
def test_intersection_over_union_by_counting_pixels(first, second):
    ious = intersection_over_union(first, second)
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            both, either = painted(one) & painted(other), painted(one) | painted(other)
            expected = both.sum() / either.sum() if either.any() else 0.0
            assert np.isclose(ious[i, j], expected)


def test_the_surest_box_on_an_object_speaks_for_it():
    truth = np.array([[0.0, 0, 10, 10], [20, 20, 30, 30], [50, 50, 60, 60]])
    boxes = np.array([[0.0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 36], [50, 50, 51, 51]])
    hits = found(boxes, np.array([0.2, 0.9, 0.4, 1.0]), truth)
    assert hits.recalled.tolist() == [True, True, False]
    assert hits.box.tolist() == [1, 2, -1]
    np.testing.assert_allclose(hits.iou, [1.0, 100 / 160, 0.01])


def test_no_boxes_recall_nothing():
    hits = found(np.zeros((0, 4)), np.zeros(0), np.array([[0.0, 0, 10, 10]]))
    assert (hits.recalled.tolist(), hits.box.tolist(), hits.iou.tolist()) == ([False], [-1], [0.0])
