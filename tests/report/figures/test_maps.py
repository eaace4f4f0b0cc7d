import numpy as np
import pytest

from tests.report.figures.frames import image, map_rows, sample_maps, samples, texts
from vqax.errors import BadData
from vqax.report.figures.maps import draw_attention_samples, draw_map_rows
from vqax.report.overlay import overlay, thumbnail

IMAGE = image()
MAPS = {
    (7, "where people looked"): np.eye(2, 3, dtype=np.float32),
    (7, "baseline"): -np.ones((2, 3), dtype=np.float32),
    (7, "P-GCA"): np.arange(6, dtype=np.float32).reshape(2, 3),
}


def test_pictures_are_those_of_the_overlay_module():
    figure = draw_map_rows(map_rows(), {7: IMAGE}, MAPS)
    shown = [axes.images[0].get_array() for axes in figure.axes]
    assert len(shown) == 4
    np.testing.assert_array_equal(shown[0], np.asarray(IMAGE))
    expected = overlay(thumbnail(IMAGE), MAPS[7, "P-GCA"])
    np.testing.assert_array_equal(shown[3], np.asarray(expected))


def test_each_map_says_its_answer_and_correlation():
    figure = draw_map_rows(map_rows(), {7: IMAGE}, MAPS)
    under = [axes.get_xlabel() for axes in figure.axes]
    assert under == [
        "Where is it?\n→ left",
        "",
        "right\nρ = −0.25\nnothing stands out",
        "left ✓\nρ = 0.50",
    ]
    assert "where people" in texts(figure)


def test_a_missing_map_leaves_a_gap_and_a_missing_picture_is_named():
    rest = {key: value for key, value in MAPS.items() if key != (7, "P-GCA")}
    figure = draw_map_rows(map_rows(), {7: IMAGE}, rest)
    assert figure.axes[3].get_xlabel() == "no map"
    assert not figure.axes[3].images
    with pytest.raises(BadData, match="no image or map for 7"):
        draw_map_rows(map_rows(), {8: IMAGE}, MAPS)


def test_a_map_that_is_not_finite_is_refused():
    with pytest.raises(BadData, match="not finite"):
        draw_map_rows(map_rows(), {7: IMAGE}, {**MAPS, (7, "baseline"): np.full((2, 3), np.nan)})


def test_samples_come_most_certain_first_with_their_numbers():
    maps = sample_maps()
    figure = draw_attention_samples(samples(), IMAGE, maps)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_xlabel() for axes in shown] == [
        "image",
        "pen ✗\np = 0.50\nuncertainty 0.50",
        "cup ✓\np = 0.25\nuncertainty 1.00",
        "cup ✓\np = 0.75\nuncertainty 1.50",
    ]
    expected = np.asarray(overlay(thumbnail(IMAGE), maps[1]))
    np.testing.assert_array_equal(shown[1].images[0].get_array(), expected)
    assert "What?  → cup" in texts(figure)


def test_samples_of_two_questions_or_without_a_map_are_refused():
    two = samples()
    two.loc[0, "question"] = "Where?"
    with pytest.raises(BadData, match="2 values of 'question'"):
        draw_attention_samples(two, IMAGE, sample_maps())
    with pytest.raises(BadData, match="no image or map for 1"):
        draw_attention_samples(samples(), IMAGE, {0: sample_maps()[0]})
