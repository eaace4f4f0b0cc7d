import numpy as np
import pytest

from vqax.alignment.floors import FLOORS, sum_of_others

RNG = np.random.default_rng(0)
QUESTION = np.array([0, 0, 1, 2, 2, 3])
IMAGE = np.array([0, 0, 1, 2])
DENSITIES = RNG.random((6, 3, 5)).astype(np.float32)


def floor(name: str, seed: int = 0) -> np.ndarray:
    return FLOORS[name](DENSITIES, QUESTION, IMAGE, seed)


def test_the_sum_of_others_leaves_the_whole_image_out():
    for row, summed in enumerate(sum_of_others(DENSITIES, QUESTION, IMAGE)):
        others = [m for m, q in zip(DENSITIES, QUESTION, strict=True) if IMAGE[q] != IMAGE[row]]
        np.testing.assert_allclose(summed, np.sum(others, axis=0), rtol=1e-5)


def test_the_mean_human_map_is_of_other_images_and_weighs_every_map_alike():
    for row, mean in enumerate(floor("mean_human_map")):
        others = [
            m / m.sum() for m, q in zip(DENSITIES, QUESTION, strict=True) if IMAGE[q] != IMAGE[row]
        ]
        np.testing.assert_allclose(mean, np.mean(others, axis=0), rtol=1e-5)


def test_the_other_question_is_about_another_image():
    for seed in range(20):
        for row, drawn in enumerate(floor("other_question", seed)):
            (source,) = [i for i, m in enumerate(DENSITIES) if (m == drawn).all()]
            assert IMAGE[QUESTION[source]] != IMAGE[row]


def test_every_other_map_is_drawn():
    drawn = {floor("other_question", seed)[0].tobytes() for seed in range(60)}
    assert drawn == {m.tobytes() for m in DENSITIES[3:]}


def test_the_gaussian_lies_in_the_middle_with_the_shape_of_the_image():
    one = floor("centred_gaussian")[2]
    expected = [
        [np.exp(-8 * (((i + 0.5) / 3 - 0.5) ** 2 + ((j + 0.5) / 5 - 0.5) ** 2)) for j in range(5)]
        for i in range(3)
    ]
    np.testing.assert_allclose(one, expected, rtol=1e-6)


def test_noise_is_another_one_for_each_question_and_seed():
    assert len({one.tobytes() for one in floor("uniform_noise")}) == 4
    assert not np.array_equal(floor("uniform_noise", 1), floor("uniform_noise", 2))
    np.testing.assert_array_equal(floor("uniform_noise", 1), floor("uniform_noise", 1))


@pytest.mark.parametrize("name", ["other_question", "mean_human_map"])
def test_without_another_image_there_is_no_such_floor(name):
    maps = FLOORS[name](DENSITIES, QUESTION, np.zeros(4, dtype=np.int64), 0)
    assert maps.shape == (4, 3, 5)
    assert np.isnan(maps).all()
