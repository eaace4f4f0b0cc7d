import base64
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vqax.errors import BadData
from vqax.report.overlay import (
    colour_scale,
    colourise,
    data_uri,
    enlarge,
    has_evidence,
    overlay,
    prob_scale,
    thumbnail,
)

RAW = np.array([[-4.0, 1.0, 3.0], [0.5, -0.1, 2.0]], dtype=np.float32)


def literal_scale(rows: list[list[float]]) -> list[list[float]]:
    """The definition, cell by cell: cut at zero, subtract the minimum, divide by the range."""
    cut = [[max(value, 0.0) for value in row] for row in rows]
    low, high = min(map(min, cut)), max(map(max, cut))
    return [[(value - low) / (high - low) for value in row] for row in cut]


@given(
    st.lists(st.lists(st.floats(-9, 9, width=32), min_size=3, max_size=3), min_size=2, max_size=2)
    .filter(lambda rows: max(map(max, rows)) - max(min(map(min, rows)), 0.0) > 1e-3)
    .filter(lambda rows: max(map(max, rows)) > 0)
)
def test_scaling_follows_its_definition(rows):
    scaled = prob_scale(np.array(rows, dtype=np.float32))
    np.testing.assert_allclose(scaled, literal_scale(rows), atol=1e-5)


def test_a_positive_map_is_stretched_from_its_own_minimum():
    np.testing.assert_allclose(prob_scale(np.array([[2.0, 3.0, 4.0]])), [[0.0, 0.5, 1.0]])


@pytest.mark.parametrize("constant", [0.0, 1.0, -3.0])
def test_a_map_where_nothing_stands_out_is_all_zero(constant):
    flat = np.full((2, 3), constant, dtype=np.float32)
    assert not prob_scale(flat).any()
    assert not has_evidence(flat)
    assert has_evidence(RAW)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(bad):
    with pytest.raises(BadData, match="2×3 cells"):
        prob_scale(np.array([[1.0, bad, 0.0], [0.0, 0.0, 0.0]]))


def test_enlarging_keeps_the_place_on_a_picture_that_is_not_square():
    heat = enlarge(prob_scale(RAW), (48, 16))
    assert heat.shape == (16, 48)
    assert heat.min() >= 0.0
    assert heat.max() <= 1.0
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert row < 8
    assert column >= 32


def test_the_overlay_has_the_size_of_the_picture_and_is_brightest_where_the_map_is():
    image = Image.new("RGB", (48, 32), (120, 120, 120))
    drawn = overlay(image, RAW)
    assert drawn.size == image.size
    light = np.asarray(drawn.convert("L"), dtype=float)
    assert light[:16, 34:].mean() > light[:16, :14].mean() + 30


def test_the_picture_stays_visible_beneath_the_map():
    striped = np.zeros((32, 48, 3), dtype=np.uint8)
    striped[:, ::2] = 255
    light = np.asarray(overlay(Image.fromarray(striped), RAW).convert("L"), dtype=float)
    contrast = np.abs(np.diff(light, axis=1))
    assert contrast.min() > 30


def test_the_colour_map_gets_lighter_all_along():
    ramp = colourise(np.linspace(0, 1, 64, dtype=np.float32)[None])
    luminance = ramp.astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance[0]) >= -1.0).all()
    assert luminance[0, -1] - luminance[0, 0] > 150


def test_the_scale_shows_the_colours_of_an_overlay_on_grey():
    scale = np.asarray(colour_scale(width_px=100, height_px=4))
    assert scale.shape == (4, 100, 3)
    grey = Image.new("RGB", (20, 8), (150, 150, 150))
    drawn = np.asarray(overlay(grey, np.array([[0.0, 0.0, 1.0, 1.0]], dtype=np.float32)))
    np.testing.assert_allclose(drawn[4, 0].astype(int), scale[0, 0].astype(int), atol=2)
    np.testing.assert_allclose(drawn[4, -1].astype(int), scale[0, -1].astype(int), atol=2)


def test_thumbnails_keep_the_ratio_and_never_grow():
    assert thumbnail(Image.new("RGB", (640, 320)), longest_px=100).size == (100, 50)
    assert thumbnail(Image.new("L", (8, 6)), longest_px=100).size == (8, 6)
    assert thumbnail(Image.new("L", (8, 6))).mode == "RGB"


def test_a_data_uri_decodes_to_the_picture():
    image = Image.new("RGB", (16, 8), (200, 30, 30))
    kind, _, text = data_uri(image).partition(",")
    assert kind == "data:image/webp;base64"
    with Image.open(io.BytesIO(base64.b64decode(text))) as decoded:
        assert decoded.size == (16, 8)
        np.testing.assert_allclose(np.asarray(decoded.convert("RGB"))[4, 8], (200, 30, 30), atol=8)
