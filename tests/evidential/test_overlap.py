"""Overlap of maps with objects, against loops over pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vqax.errors import UsageError
from vqax.evidential.overlap import (
    THRESHOLDS,
    above_otsu,
    centroid_distance,
    object_emd,
    object_masks,
    overlap,
)

MAPS = arrays(np.float64, (2, 3, 4), elements=st.sampled_from([-1.0, 0.0, 0.25, 1.0, 3.0]))
MASKS = arrays(np.bool_, (2, 3, 4))


def slow_overlap(values, mask, threshold, scale):
    """One image: sets of pixels."""
    object_pixels = {(i, j) for i, j in np.ndindex(mask.shape) if mask[i, j]}
    low = 0.0 if scale == "max" else values.min()
    span = values.max() - low
    seen = {
        (i, j)
        for i, j in np.ndindex(values.shape)
        if span > 0 and (values[i, j] - low) / span > threshold
    }
    if not object_pixels:
        return np.nan, np.nan
    shared = len(seen & object_pixels)
    dice = 2 * shared / (len(seen) + len(object_pixels))
    return dice, shared / len(seen | object_pixels)


@given(MAPS, MASKS, st.sampled_from(["max", "min_max"]))
@settings(deadline=None)
def test_equals_the_literal_twin(maps, masks, scale):
    thresholds = (0.0, 0.25, 0.5, 0.9)
    found = overlap(maps, masks, thresholds, scale=scale)
    for row, (values, mask) in enumerate(zip(maps, masks, strict=True)):
        for column, threshold in enumerate(thresholds):
            expected = slow_overlap(values, mask, threshold, scale)
            np.testing.assert_allclose(
                [found.dice[row, column], found.iou[row, column]], expected, rtol=1e-12
            )
    assert found.undefined == sum(not mask.any() for mask in masks)
    low = [0.0 if scale == "max" else one.min() for one in maps]
    assert found.blank.tolist() == [
        not one.max() > least for one, least in zip(maps, low, strict=True)
    ]


@given(MAPS, MASKS)
@settings(deadline=None)
def test_dice_and_iou_say_the_same(maps, masks):
    found = overlap(maps, masks)
    np.testing.assert_allclose(found.dice, 2 * found.iou / (1 + found.iou), rtol=1e-12)
    defined = found.iou[masks.any(axis=(1, 2))]
    assert ((defined >= 0) & (defined <= 1)).all()
    assert found.dice.shape == (2, len(THRESHOLDS)) == (2, 20)


def test_the_map_of_the_object_itself_is_perfect():
    masks = np.random.default_rng(0).random((4, 5, 7)) < 0.4
    found = overlap(masks.astype(float), masks)
    assert (found.dice == 1).all()
    assert (overlap((~masks).astype(float), masks).dice == 0).all()


def test_an_empty_object_is_counted_and_has_no_value():
    masks = np.zeros((3, 4, 5), bool)
    masks[1, 2, 2] = True
    found = overlap(np.ones((3, 4, 5)), masks)
    assert found.undefined == 2
    assert np.isnan(found.dice[[0, 2]]).all()
    assert np.isnan(found.iou[[0, 2]]).all()
    assert not np.isnan(found.dice[1]).any()


def test_a_map_without_contrast_highlights_nothing():
    masks = np.ones((2, 3, 4), bool)
    assert (overlap(np.full((2, 3, 4), -1.0), masks).dice == 0).all()
    assert (overlap(np.full((2, 3, 4), 5.0), masks, scale="min_max").dice == 0).all()
    assert (overlap(np.full((2, 3, 4), 5.0), masks, scale="max").dice == 1).all()


def test_bad_arguments():
    maps, masks = np.ones((2, 3, 4)), np.ones((2, 3, 4), bool)
    for function in (overlap, centroid_distance, object_emd):
        with pytest.raises(UsageError, match=r"maps of shape \(2, 2, 4\) and masks of \(2, 3, 4\)"):
            function(maps[:, :2], masks)
    with pytest.raises(UsageError, match=r"threshold 1\.0 is outside"):
        overlap(maps, masks, (0.5, 1.0))
    with pytest.raises(UsageError, match="scale: 'x'"):
        overlap(maps, masks, scale="x")
    with pytest.raises(UsageError, match="mask: 'x'"):
        object_masks(maps[:, None], "x")


def slow_otsu(image):
    """Try every level; the class of each pixel by its rounded value."""
    low, high = image.min(), image.max()
    levels = np.round((image - low) / (high - low) * 255)
    best, chosen = -1.0, None
    for threshold in range(255):
        dark, bright = levels[levels <= threshold], levels[levels > threshold]
        between = len(dark) * len(bright) * (dark.mean() - bright.mean()) ** 2
        if between > best + 1e-6:
            best, chosen = between, levels > threshold
    return chosen


def test_otsu_equals_the_literal_twin():
    rng = np.random.default_rng(0)
    images = np.concatenate([rng.random((6, 5, 7)), rng.random((6, 5, 7)) ** 4 * 30])
    np.testing.assert_array_equal(above_otsu(images), [slow_otsu(p) for p in images])
    assert not above_otsu(np.full((1, 5, 7), 0.7)).any()


def test_masks_of_pictures():
    pixels = np.zeros((1, 2, 2, 3))
    pixels[0, 1, 0] = [0.02, 0.9, 1.0]
    assert object_masks(pixels)[0].tolist() == [[True, True, True], [False, False, False]]
    assert object_masks(pixels, "otsu")[0, 0].tolist() == [False, True, True]


def test_centroid_distance():
    maps, masks = np.zeros((3, 5, 8)), np.zeros((3, 5, 8), bool)
    maps[0, 0, 0] = maps[0, 0, 2] = 2.0
    maps[0, 4, 4] = -9.0
    masks[0, 4, 4] = True
    maps[1, 1, 1] = 1.0  # an empty object
    masks[2, 1, 1] = True  # an empty map
    found = centroid_distance(maps, masks)
    assert found[0] == pytest.approx(np.hypot(4, 3) / np.hypot(5, 8))
    assert np.isnan(found[1:]).all()


def test_a_shift_costs_its_distance_where_dice_falls_to_zero():
    maps, masks = np.zeros((1, 8, 12)), np.zeros((1, 8, 12), bool)
    maps[0, 2:4, 2:4], masks[0, 2:4, 5:7] = 1.0, True
    assert (overlap(maps, masks).dice == 0).all()
    expected = [3 / np.hypot(8, 12)]
    np.testing.assert_allclose(centroid_distance(maps, masks), expected)
    np.testing.assert_allclose(object_emd(maps, masks, grid=(8, 12)), expected)


@given(MAPS, MASKS)
@settings(deadline=None, max_examples=30)
def test_work_is_never_below_the_distance_of_the_centres(maps, masks):
    centres, work = centroid_distance(maps, masks), object_emd(maps, masks, grid=(3, 4))
    np.testing.assert_array_equal(np.isnan(centres), np.isnan(work))
    assert (np.nan_to_num(work) >= np.nan_to_num(centres) - 1e-6).all()
