import numpy as np
from scipy.ndimage import gaussian_filter

from vqax.alignment.human_map import BLUR, HumanMap, blurred
from vqax.metrics.fixated import fixated
from vqax.metrics.resizing import Resizing, binned_fixations

RULE = Resizing("bilinear", (4, 6))


def test_a_fixation_is_a_gaussian_of_a_share_of_the_width():
    counts = np.zeros((48, 96))
    counts[20, 40] = 2
    human = blurred(counts)
    y, x = np.mgrid[:48, :96]
    expected = np.exp(-0.5 * ((y - 20) ** 2 + (x - 40) ** 2) / (BLUR * 96) ** 2)
    expected *= 2 / expected.sum()
    np.testing.assert_allclose(human.values, expected, atol=2e-5)
    np.testing.assert_array_equal(
        blurred(counts, 0.1).values,
        gaussian_filter(counts, 9.6, mode="constant").astype(np.float32),
    )


def test_listed_fixations_are_counted_and_those_of_a_map_read_off_it():
    counts = np.random.default_rng(0).integers(0, 2, (12, 12)).astype(float)
    listed = blurred(counts)
    np.testing.assert_array_equal(listed.fixations(RULE), binned_fixations(counts, (4, 6)))
    alone = HumanMap(listed.values)
    np.testing.assert_array_equal(alone.fixations(RULE), fixated(alone.density(RULE)[None])[0])
