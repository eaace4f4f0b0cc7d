import math

import numpy as np
import pytest

from vqax.errors import BadData, UsageError
from vqax.metrics.localisation import box_masks, pointing_game, relevance_mass

RNG = np.random.default_rng(0)
MAPS = RNG.normal(size=(4, 5, 7))
MASKS = RNG.random((4, 5, 7)) < 0.2


def test_relevance_mass_is_the_positive_share_inside():
    expected = []
    for one_map, mask in zip(MAPS, MASKS, strict=True):
        inside = total = 0.0
        for value, visual_input in zip(one_map.ravel(), mask.ravel(), strict=True):
            total += max(value, 0)
            inside += max(value, 0) * visual_input
        expected.append(inside / total)
    np.testing.assert_allclose(relevance_mass(MAPS, MASKS), expected)


@pytest.mark.parametrize("tolerance", [0.0, 1.0, 1.5, 3.0])
def test_the_highest_cell_points_if_it_is_near_enough(tolerance):
    expected = []
    for one_map, mask in zip(MAPS, MASKS, strict=True):
        y, x = np.unravel_index(one_map.argmax(), one_map.shape)
        near = [
            math.hypot(y - i, x - j) <= tolerance for i in range(5) for j in range(7) if mask[i, j]
        ]
        expected.append(float(any(near)))
    np.testing.assert_array_equal(pointing_game(MAPS, MASKS, tolerance_px=tolerance), expected)


def test_equally_high_cells_share_the_point():
    one_map, mask = np.zeros((1, 2, 20)), np.zeros((1, 2, 20), dtype=bool)
    one_map[0, 0, 0] = one_map[0, 0, 19] = 3
    mask[0, 1, 0] = True
    assert pointing_game(one_map, mask, tolerance_px=2.0).tolist() == [0.5]
    assert pointing_game(one_map, mask).tolist() == [0.5]


def test_cells_that_are_equally_high_but_for_rounding_share_it_too():
    one_map, mask = np.zeros((1, 2, 20)), np.zeros((1, 2, 20), dtype=bool)
    one_map[0, 0, 0], one_map[0, 0, 19] = 0.3, 0.1 + 0.2
    mask[0, 1, 0] = True
    assert pointing_game(one_map, mask).tolist() == [0.5]


@pytest.mark.usefixtures("without_type_checks")
@pytest.mark.parametrize("measure", [pointing_game, relevance_mass])
def test_a_mask_of_another_shape_is_refused(measure):
    with pytest.raises(UsageError, match=r"\(4, 5, 7\) and masks of shape \(4, 5, 6\)"):
        measure(MAPS, MASKS[:, :, :6])


def test_nothing_to_find_or_nothing_found_has_no_value():
    maps = np.stack([MAPS[0], np.zeros((5, 7)), np.full((5, 7), np.nan)])
    masks = np.stack([np.zeros((5, 7), dtype=bool), MASKS[1], MASKS[1]])
    assert np.isnan(relevance_mass(maps, masks)).all()
    assert np.isnan(pointing_game(maps, masks)).all()


def test_boxes_are_painted_where_the_centre_of_a_pixel_lies_inside():
    masks = box_masks([np.array([[1.0, 0, 3, 2], [4.6, 2.4, 9, 9]]), np.empty((0, 4))], (3, 6))
    expected = np.zeros((3, 6), dtype=bool)
    expected[:2, 1:3] = True
    expected[2, 5] = True
    np.testing.assert_array_equal(masks[0], expected)
    assert not masks[1].any()
    with pytest.raises(BadData, match=r"box \[3.0, 0.0, 1.0, 2.0\] of image 0 has no area"):
        box_masks([np.array([[3.0, 0, 1, 2]])], (3, 6))
