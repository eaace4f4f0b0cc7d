"""A map moved onto its object."""

import numpy as np
import pytest

from vqax.errors import UsageError
from vqax.evidential.overlap import centroid_distance, overlap
from vqax.evidential.shift import centred

MASK = np.zeros((1, 8, 11), bool)
MASK[0, 2:5, 6:9] = True


def test_a_shifted_copy_of_the_object_comes_back():
    shifted = np.roll(MASK, (2, -4), axis=(1, 2)).astype(np.float32)
    assert overlap(shifted, MASK, (0.5,)).dice[0, 0] == 0
    moved = centred(shifted, MASK)
    assert overlap(moved, MASK, (0.5,)).dice[0, 0] == 1
    assert centroid_distance(moved, MASK)[0] == pytest.approx(0)


def test_what_leaves_the_picture_is_lost():
    wide = np.zeros((1, 8, 11), np.float32)
    wide[0, 3, :] = 1
    moved = centred(wide, MASK)
    assert moved[0, 3].tolist() == [0, 0, *[1] * 9]


def test_without_anything_to_centre_a_map_stays():
    heat = np.full((2, 8, 11), -1, np.float32)
    heat[1, 4, 4] = 2
    masks = np.concatenate([MASK, np.zeros_like(MASK)])
    np.testing.assert_array_equal(centred(heat, masks), np.maximum(heat, 0))


def test_shapes_must_agree():
    with pytest.raises(UsageError, match="enlarge the maps"):
        centred(np.zeros((1, 4, 4)), MASK)
