import numpy as np
import pytest

from vqax.metrics.resize import rectify, resize_area


def slow_resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """For each new cell, each old cell weighs as much as the area they share."""
    (h, w), (new_h, new_w) = image.shape, size
    out = np.zeros(size)
    for i in range(new_h):
        for j in range(new_w):
            total = 0.0
            for y in range(h):
                for x in range(w):
                    tall = min((i + 1) * h / new_h, y + 1) - max(i * h / new_h, y)
                    wide = min((j + 1) * w / new_w, x + 1) - max(j * w / new_w, x)
                    area = max(tall, 0) * max(wide, 0)
                    out[i, j] += area * image[y, x]
                    total += area
            out[i, j] /= total
    return out


@pytest.mark.parametrize(
    ("old", "new"), [((8, 6), (4, 3)), ((9, 7), (4, 5)), ((3, 5), (7, 4)), ((5, 5), (5, 5))]
)
def test_equals_the_box_filter_written_out(old, new):
    maps = np.random.default_rng(0).normal(size=(2, *old))
    expected = np.stack([slow_resize(image, new) for image in maps])
    np.testing.assert_allclose(resize_area(maps, new), expected, rtol=0, atol=1e-6)


def test_whole_blocks_are_averaged_and_cells_repeated():
    image = np.arange(12.0).reshape(2, 6)
    np.testing.assert_array_equal(resize_area(image, (1, 3)), [[3.5, 5.5, 7.5]])
    np.testing.assert_array_equal(resize_area(image, (4, 6)), image.repeat(2, axis=0))


def test_keeps_the_mean_and_defaults_to_the_grid_of_vqa_hat():
    image = np.random.default_rng(0).random((224, 301))
    small = resize_area(image)
    assert small.shape == (14, 14)
    assert small.mean() == pytest.approx(image.mean(), rel=1e-6)


@pytest.mark.parametrize("value", [7, 255])
def test_a_flat_map_stays_exactly_flat(value):
    flat = np.full((1, 33, 47), value, dtype=np.uint8)
    assert np.unique(resize_area(flat)).tolist() == [value]


def test_rectify_keeps_the_positive_part():
    np.testing.assert_array_equal(rectify(np.array([[-1.0, 2.0]])), [[0, 2]])
