"""Human attention maps: on the relevant objects, and as alike as those of real people."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqax.data.scenes import SceneSettings
from vqax.data.scenes.human_maps import SEARCH_PEAK, human_map
from vqax.data.scenes.questions import ask
from vqax.data.scenes.randomness import generator
from vqax.data.scenes.rendering import render
from vqax.data.scenes.world import build_world
from vqax.data.statistics import map_rank_correlation

BOXES = [(5.0, 8.0, 20.0, 16.0), (60.0, 60.0, 18.0, 22.0), (10.0, 62.0, 20.0, 20.0)]


def mean_map(relevant: tuple[int, ...], human_maps: int = 60) -> np.ndarray:
    maps = [human_map(96, BOXES, relevant, generator(0, "human_map", k)) for k in range(human_maps)]
    return np.mean(maps, axis=0)


def inside(mean: np.ndarray, box: tuple[float, float, float, float]) -> float:
    x, y, width, height = map(int, box)
    return float(mean[y : y + height, x : x + width].mean())


def test_people_look_at_what_is_needed() -> None:
    mean = mean_map((1,))
    assert inside(mean, BOXES[1]) > 4 * inside(mean, BOXES[0])
    assert inside(mean, BOXES[1]) > 4 * inside(mean, BOXES[2])


def test_they_forget_some_but_look_at_all_in_the_mean() -> None:
    mean = mean_map((0, 2))
    assert min(inside(mean, BOXES[0]), inside(mean, BOXES[2])) > 2 * inside(mean, BOXES[1])


def test_they_search_weakly_everywhere_when_nothing_is_there() -> None:
    mean = mean_map(())
    seen = [inside(mean, box) for box in BOXES]
    assert max(seen) < 2 * min(seen)
    single = human_map(96, BOXES, (), generator(0, "human_map", 1))
    assert single.max() <= SEARCH_PEAK < human_map(96, BOXES, (0,), generator(0, "human_map")).max()


@given(seed=st.integers(0, 2**31), relevant=st.sets(st.integers(0, 2)))
def test_never_constant_always_the_size_of_the_picture(seed: int, relevant: set[int]) -> None:
    drawn = human_map(44, BOXES, tuple(sorted(relevant)), np.random.default_rng(seed))
    assert drawn.shape == (44, 44)
    assert drawn.dtype == np.uint8
    assert drawn.min() < drawn.max()


def test_same_stream_same_map_other_person_another() -> None:
    first, again, other = (
        human_map(48, BOXES, (0,), generator(0, "human_map", 12, k)) for k in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_people_agree_as_much_as_in_vqa_hat() -> None:
    settings = SceneSettings(val_images=60, val_questions=240)
    world = build_world(settings)
    scenes = [render(settings, world, "val2014", index).scene for index in range(60)]
    values = []
    for one in ask(settings, "val2014", scenes):
        boxes = [item.box_px for item in one.scene.objects]
        maps = [
            human_map(224, boxes, one.truth.relevant, generator(0, "human_map", one.question_id, k))
            for k in (1, 2, 3)
        ]
        areas = np.stack([m.reshape(14, 16, 14, 16).mean(axis=(1, 3)) for m in maps])
        values.append(map_rank_correlation(areas.astype(np.float32)))
    assert np.mean(values) == pytest.approx(0.623, abs=0.045)
