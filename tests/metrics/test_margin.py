import numpy as np

from vqax.metrics.margin import top2_margin


def test_margin_is_the_highest_less_the_second():
    probabilities = np.array([[0.1, 0.7, 0.2], [0.5, 0.0, 0.5], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(top2_margin(probabilities), [0.5, 0, 1])


def test_margin_equals_sorting():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(9), size=20)
    ordered = np.sort(probabilities, axis=1)
    np.testing.assert_array_equal(top2_margin(probabilities), ordered[:, -1] - ordered[:, -2])
