"""Outlined regions: round the relevant objects, as alike as intended, unlike attention maps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqax.data.masks import decode_mask
from vqax.data.scenes import SceneSettings
from vqax.data.scenes.human_maps import human_map
from vqax.data.scenes.questions import ask
from vqax.data.scenes.randomness import generator
from vqax.data.scenes.regions import (
    BOX_SHARE,
    EXTRA_SHARE,
    INSTEAD_SHARE,
    OMITTED_SHARE,
    region,
)
from vqax.data.scenes.rendering import render
from vqax.data.scenes.world import build_world
from vqax.data.statistics import map_rank_correlation

ANNOTATORS = 400


def disc(x: float, y: float, radius: float, shape: tuple[int, int] = (60, 90)) -> np.ndarray:
    rows, columns = np.indices(shape)
    return np.asarray(np.hypot(rows - y, columns - x) < radius)


MASKS = [disc(15, 15, 8), disc(70, 45, 9), disc(15, 45, 8), disc(70, 15, 7)]


def regions(relevant: tuple[int, ...]) -> np.ndarray:
    return np.stack([region(MASKS, relevant, generator(0, "region", k)) for k in range(ANNOTATORS)])


def outlined(drawn: np.ndarray, index: int) -> float:
    """Share of people who drew round the middle of an object."""
    rows, columns = np.nonzero(MASKS[index])
    return float((drawn[:, int(rows.mean()), int(columns.mean())] > 0).mean())


def test_a_needed_object_is_covered_and_little_else() -> None:
    drawn = regions((1,)).astype(bool)
    assert outlined(drawn, 1) == 1
    alone = drawn[~(drawn & (MASKS[0] | MASKS[2] | MASKS[3])).any(axis=(1, 2))]
    assert alone[:, MASKS[1]].mean() > 0.93
    assert alone.sum(axis=(1, 2)).mean() < 1.9 * MASKS[1].sum()


def test_some_of_several_objects_are_omitted_and_others_added() -> None:
    drawn = regions((0, 2, 1))
    # the first is kept where all are omitted
    assert outlined(drawn, 2) == pytest.approx(1 - OMITTED_SHARE, abs=0.06)
    assert outlined(drawn, 3) == pytest.approx(EXTRA_SHARE, abs=0.07)


def test_what_is_there_instead_where_nothing_is_needed() -> None:
    drawn = regions(())
    for index in range(len(MASKS)):
        assert outlined(drawn, index) == pytest.approx(INSTEAD_SHARE, abs=0.06)


def test_some_people_draw_boxes() -> None:
    full = [
        one[np.ix_(one.any(axis=1), one.any(axis=0))].all() for one in regions((1,)).astype(bool)
    ]
    # with another object added the two boxes are not one
    assert np.mean(full) == pytest.approx(BOX_SHARE * (1 - EXTRA_SHARE), abs=0.06)


@given(seed=st.integers(0, 2**31), relevant=st.sets(st.integers(0, 3)), radius=st.floats(0.8, 30))
def test_never_constant_always_the_size_of_the_picture(
    seed: int, relevant: set[int], radius: float
) -> None:
    masks = [disc(x, y, radius, (61, 90)) for x, y in ((0, 0), (89, 60), (45, 30), (20, 40))]
    drawn = region(masks, tuple(sorted(relevant)), np.random.default_rng(seed))
    assert drawn.shape == (61, 90)
    assert drawn.dtype == np.uint8
    assert drawn.max() == 1
    if radius < 20:
        assert drawn.min() == 0


def test_same_stream_same_region_other_person_another() -> None:
    first, again, other = (region(MASKS, (0,), generator(0, "region", 5, k)) for k in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_people_agree_about_regions_and_less_with_where_they_look() -> None:
    settings = SceneSettings(val_images=40, val_questions=160)
    world = build_world(settings)
    scenes = [render(settings, world, "val2014", index).scene for index in range(40)]
    among, across = [], []
    for one in ask(settings, "val2014", scenes):
        masks = [decode_mask(item.mask_rle) for item in one.scene.objects]
        boxes = [item.box_px for item in one.scene.objects]
        drawn = [
            region(masks, one.truth.relevant, generator(0, "region", one.question_id, k))
            for k in (1, 2, 3)
        ]
        visual_input = [
            human_map(224, boxes, one.truth.relevant, generator(0, "human_map", one.question_id, k))
            for k in (1, 2, 3)
        ]
        areas = [
            m.reshape(14, 16, 14, 16).mean(axis=(1, 3), dtype=np.float32)
            for m in drawn + visual_input
        ]
        among.append(map_rank_correlation(np.stack(areas[:3])))
        across += [map_rank_correlation(np.stack([areas[k], areas[k + 3]])) for k in range(3)]
    assert 0.62 < np.mean(among) < 0.75
    assert np.mean(across) < np.mean(among) - 0.1
