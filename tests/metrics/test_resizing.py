import numpy as np
import pytest
from scipy.ndimage import zoom

from vqax.errors import UsageError
from vqax.metrics.resize import resize_area
from vqax.metrics.resizing import KERNELS, Resizing, binned_fixations, resize_bilinear


def triangle(size_old: int, size_new: int) -> np.ndarray:
    """Row i: weights of the old cells in new cell i, a triangle as wide as two new cells."""
    scale = size_old / size_new
    reach = max(scale, 1.0)
    weights = np.zeros((size_new, size_old))
    for i in range(size_new):
        centre = (i + 0.5) * scale
        for j in range(size_old):
            weights[i, j] = max(0.0, 1 - abs(j + 0.5 - centre) / reach)
        weights[i] /= weights[i].sum()
    return weights


@pytest.mark.parametrize(("old", "new"), [((12, 9), (4, 3)), ((9, 7), (4, 5)), ((3, 4), (8, 6))])
def test_bilinear_is_a_triangle_filter(old, new):
    image = np.random.default_rng(0).normal(size=old)
    expected = triangle(old[0], new[0]) @ image @ triangle(old[1], new[1]).T
    np.testing.assert_allclose(resize_bilinear(image, new), expected, atol=1e-6)


def test_enlarging_interpolates_between_the_centres_of_cells():
    image = np.random.default_rng(1).normal(size=(3, 4))
    expected = zoom(image, (4, 2), order=1, grid_mode=True, mode="nearest")
    np.testing.assert_allclose(resize_bilinear(image, (12, 8)), expected, atol=1e-6)


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_kernel_covers_the_whole_image(kernel):
    rule = Resizing(kernel, (2, 4))
    image = np.zeros((6, 8))
    image[3:, 6:] = 1
    np.testing.assert_array_equal(rule(image).round() > 0, [[0, 0, 0, 0], [0, 0, 0, 1]])
    assert str(rule) == f"{kernel} 2x4"


def test_an_unknown_kernel_or_no_cell_is_refused_with_the_choice():
    with pytest.raises(UsageError, match=r"kernel 'cubic'.*area, bilinear, nearest"):
        Resizing("cubic", (2, 2))(np.ones((3, 3)))
    with pytest.raises(UsageError, match=r"grid 0x2 has no cells"):
        Resizing("area", (0, 2))(np.ones((3, 3)))


def test_fixations_keep_their_number_and_their_cell():
    counts = np.zeros((5, 7))
    counts[0, 0], counts[2, 3], counts[4, 6] = 2, 1, 3
    binned = binned_fixations(counts, (2, 3))
    np.testing.assert_array_equal(binned, [[2, 0, 0], [0, 1, 3]])
    random = np.random.default_rng(0).integers(0, 3, (9, 10))
    assert binned_fixations(random, (4, 3)).sum() == random.sum()
    tiled = binned_fixations(random[:8, :9], (4, 3))
    np.testing.assert_allclose(tiled, resize_area(random[:8, :9], (4, 3)) * 6, rtol=1e-6)
