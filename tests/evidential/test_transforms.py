"""Rotation, the released confound, parts, and out-of-distribution images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from tests.evidential.tiny import stripes
from vqax.errors import UsageError
from vqax.evidential.transforms import (
    grey,
    held_out,
    noise,
    rotate,
    rotate_as_released,
    scale_as_released,
)

IMAGES = arrays(np.float32, (2, 1, 7, 7), elements=st.floats(0, 1, width=32))


@given(IMAGES, st.floats(-400, 400))
@settings(deadline=None)
def test_rotation_stays_in_range(pixels, degrees):
    rotated = rotate(pixels, degrees)
    assert rotated.dtype == np.float32
    assert rotated.shape == pixels.shape
    assert ((rotated >= 0) & (rotated <= 1)).all()


@pytest.mark.parametrize("quarters", [-1, 0, 1, 2, 3, 5])
def test_quarter_turns_are_counter_clockwise_and_exact(quarters):
    pixels = noise((3, 2, 5, 5), seed=0)
    expected = np.rot90(pixels, quarters, axes=(2, 3))
    np.testing.assert_array_equal(rotate(pixels, 90.0 * quarters), expected)


def test_other_angles_turn_the_same_way():
    pixels = noise((2, 2, 9, 9), seed=1)
    np.testing.assert_allclose(rotate(pixels, 89.999), rotate(pixels, 90.0), atol=1e-2)
    np.testing.assert_allclose(rotate(pixels, 90.001), rotate(pixels, 90.0), atol=1e-2)


def test_a_rotation_moves_a_point_along_its_circle():
    pixels = np.zeros((1, 1, 21, 21), np.float32)
    pixels[0, 0, 10, 18] = 1  # 8 to the right of the centre
    y, x = np.indices((21, 21))
    rotated = rotate(pixels, 30.0)[0, 0]
    centre = (rotated * y).sum() / rotated.sum(), (rotated * x).sum() / rotated.sum()
    np.testing.assert_allclose(centre, [10 - 8 * 0.5, 10 + 8 * np.cos(np.pi / 6)], atol=0.1)


def test_a_quarter_turn_of_a_picture_that_is_not_square_keeps_its_frame():
    pixels = noise((1, 1, 4, 7), seed=0)
    assert rotate(pixels, 90.0).shape == pixels.shape
    np.testing.assert_array_equal(rotate(pixels, 180.0), pixels[:, :, ::-1, ::-1])


def test_released_rotation_is_that_of_pillow_times_255():
    levels = np.random.default_rng(0).integers(0, 256, (2, 1, 6, 6), dtype=np.uint8)
    released = rotate_as_released(levels.astype(np.float32) / np.float32(255))
    for before, after in zip(levels[:, 0], released[:, 0], strict=True):
        rotated = Image.fromarray(before).transpose(Image.Transpose.ROTATE_270)
        np.testing.assert_array_equal(after, np.asarray(rotated))


def test_the_confound_alone_leaves_the_picture_upright():
    pixels = noise((2, 1, 4, 5), seed=0)
    np.testing.assert_allclose(scale_as_released(pixels) / 255, pixels, atol=0.5 / 255 + 1e-6)
    np.testing.assert_array_equal(scale_as_released(pixels) % 1, 0)


def test_held_out_takes_a_share_of_every_class():
    images = stripes(90)
    rest, part = held_out(images, 0.2, seed=3)
    for label in range(3):
        members = (images.labels == label).sum()
        assert (part.labels == label).sum() == round(0.2 * members)
    together = np.concatenate([rest.pixels, part.pixels]).reshape(90, -1)
    np.testing.assert_array_equal(
        np.unique(together, axis=0), np.unique(images.pixels.reshape(90, -1), axis=0)
    )
    again = held_out(images, 0.2, seed=3)[1]
    np.testing.assert_array_equal(part.pixels, again.pixels)
    assert not np.array_equal(part.pixels, held_out(images, 0.2, seed=4)[1].pixels)


@pytest.mark.parametrize(("share", "match"), [(0.0, "outside"), (1.0, "outside"), (0.01, "leaves")])
def test_share_that_leaves_nothing(share, match):
    with pytest.raises(UsageError, match=match):
        held_out(stripes(30), share, seed=0)


def test_grey_is_luma_averaged_over_areas():
    pixels = np.zeros((1, 3, 4, 6), np.float32)
    pixels[0, 1, :2, :3] = 1  # a green quarter
    np.testing.assert_allclose(grey(pixels, (2, 2))[0, 0], [[0.587, 0], [0, 0]], atol=1e-6)


def test_noise_is_seeded():
    np.testing.assert_array_equal(noise((2, 1, 3, 4), seed=1), noise((2, 1, 3, 4), seed=1))
    assert noise((2, 1, 30, 40), seed=2).mean() == pytest.approx(0.5, abs=0.03)
