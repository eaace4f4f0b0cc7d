import numpy as np
import ot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import wasserstein_distance

from vqax.metrics.emd import histogram_emd, spatial_emd

MAPS = arrays(np.float64, (1, 2, 3), elements=st.sampled_from([0.0, 0.25, 1.0, 3.0])).filter(
    lambda maps: maps.sum() > 0
)


def slow_emd(a: np.ndarray, b: np.ndarray) -> float:
    """The whole transport problem, solved by POT without any shortcut."""
    h, w = a.shape
    cells = [(y + 0.5, x + 0.5) for y in range(h) for x in range(w)]
    distances = np.array([[np.hypot(y - v, x - u) for v, u in cells] for y, x in cells])
    a, b = np.maximum(a, 0).ravel(), np.maximum(b, 0).ravel()
    return ot.emd2(a / a.sum(), b / b.sum(), distances) / np.hypot(h, w)


def test_equals_the_whole_transport_problem():
    a, b = np.random.default_rng(0).normal(size=(2, 20, 3, 5))
    expected = [slow_emd(x, y) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(spatial_emd(a, b), expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(spatial_emd(a, b, workers=2), spatial_emd(a, b))


def test_one_mass_moved_by_three_and_four_cells():
    a, b = np.zeros((2, 1, 4, 6))
    a[0, 0, 0], b[0, 3, 4] = 2.0, 7.0
    assert spatial_emd(a, b) == pytest.approx([5 / np.hypot(4, 6)])


@settings(max_examples=30, deadline=None)
@given(MAPS, MAPS, MAPS)
def test_is_a_metric(a, b, c):
    ab, bc, ac = spatial_emd(a, b)[0], spatial_emd(b, c)[0], spatial_emd(a, c)[0]
    assert spatial_emd(a, 3 * a)[0] == pytest.approx(0, abs=1e-12)
    assert spatial_emd(b, a)[0] == pytest.approx(ab, abs=1e-12)
    assert 0 <= ac <= ab + bc + 1e-12 <= 2


def test_a_map_without_positive_values_has_no_distance():
    a = np.ones((4, 2, 3))
    a[0], a[1], a[2, 0, 0] = 0, -1, np.nan
    assert np.isnan(spatial_emd(a, np.ones((4, 2, 3)))).tolist() == [True, True, True, False]


def test_negative_values_count_as_nothing():
    a = np.array([[[-5.0, 1.0, 0.0]]])
    b = np.array([[[0.0, 0.0, 1.0]]])
    assert spatial_emd(a, b) == pytest.approx([1 / np.hypot(1, 3)])


def test_histogram_emd_is_scipys_of_the_scaled_values():
    a, b = np.random.default_rng(0).normal(size=(2, 8, 3, 4)) ** 3
    unit = [[(m - m.min()) / (m.max() - m.min()) for m in maps] for maps in (a, b)]
    expected = [wasserstein_distance(x.ravel(), y.ravel()) for x, y in zip(*unit, strict=True)]
    np.testing.assert_allclose(histogram_emd(a, b), expected, rtol=0, atol=1e-12)


def test_histogram_emd_does_not_see_places_and_spatial_emd_does():
    a = np.random.default_rng(0).random((1, 3, 4))
    assert histogram_emd(a, a[:, ::-1]) == pytest.approx([0])
    assert spatial_emd(a, a[:, ::-1])[0] > 0.01


def test_histogram_emd_of_a_constant_map_has_no_value():
    assert np.isnan(histogram_emd(np.ones((1, 2, 3)), np.arange(6.0).reshape(1, 2, 3))).all()
