import numpy as np
import pytest

from tests.report.figures.frames import flips, image, texts, top5
from vqax.errors import BadData
from vqax.report.figures.noise import draw_flips, draw_top5
from vqax.report.figures.style import GOOD


def bars(axes):
    return [patch for patch in axes.patches if patch.get_width() > 0]


def test_five_bars_a_panel_from_the_most_probable_down():
    figure = draw_top5(top5())
    assert len(figure.axes) == 4  # two runs, two conditions
    for axes in figure.axes:
        assert [bar.get_width() for bar in bars(axes)] == [0.4, 0.2, 0.15, 0.1, 0.05]


def test_only_the_right_answer_is_dark_and_ticked():
    figure = draw_top5(top5())
    for axes in figure.axes:
        dark = [i for i, bar in enumerate(bars(axes)) if bar.get_facecolor()[2] > 0.6]
        assert dark == [0]
    assert GOOD == "#0072b2"
    said = texts(figure)
    assert said.count("dog ✓") == 4
    assert "cat ✓" not in said


def test_question_and_condition_stand_over_each_column():
    said = texts(draw_top5(top5()))
    assert "clean\nWhat is it?" in said
    assert "noise\nWhat iz it?" in said
    assert "a very long answer that …" in said


def test_the_pictures_as_they_were_given_stand_on_top():
    figure = draw_top5(top5(), {"clean": image(), "noise": image((16, 24))})
    assert [axes.images[0].get_array().shape for axes in figure.axes[:2]] == [
        (16, 24, 3),
        (24, 16, 3),
    ]
    assert len(figure.axes) == 6


def test_two_truths_are_two_figures():
    frame = top5()
    frame.loc[0, "truth"] = "cat"
    with pytest.raises(BadData, match="2 values of 'truth', of which 'cat' and 'dog'"):
        draw_top5(frame)


def test_lines_are_the_frames_values_by_strength():
    frame = flips()
    figure = draw_flips(frame)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "noise in the image",
        "noise in the question",
    ]
    for axes in figure.axes:
        first, second = (container.lines[0] for container in axes.containers)
        np.testing.assert_array_equal(first.get_xdata(), [0.1, 0.2, 0.4])
        np.testing.assert_allclose(first.get_ydata(), [0.05, 0.1, 0.2])
        np.testing.assert_allclose(second.get_ydata(), [0.03, 0.06, 0.12])
        whisker = axes.containers[0].lines[2][0].get_segments()[0]
        np.testing.assert_allclose(whisker[:, 1], [0.03, 0.08])


def test_the_axes_say_their_units():
    said = texts(draw_flips(flips()))
    assert "strength (σ of pixels)" in said
    assert "strength (words replaced)" in said
    assert "answers that change" in said
    assert "10%" in said
