import matplotlib.colors
import pytest
from matplotlib.patches import Rectangle

from tests.report.figures.frames import boxes, texts, word_kinds, words
from vqax.report.figures.style import BAD, GOOD
from vqax.report.figures.word_heat import draw_word_heat
from vqax.report.figures.word_importance import draw_word_importance


def test_a_row_per_kind_a_panel_per_method_in_per_cent():
    figure = draw_word_importance(word_kinds())
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["occlusion", "gradient"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "nouns  (1,200)",
        "wh-words  (30)",
    ]
    for axes, factor in zip(figure.axes, (1.0, 0.5), strict=True):
        dots = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
        chance = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "|"]
        whiskers = [line.get_xdata() for line in axes.lines if line.get_marker() == "None"]
        assert dots == pytest.approx([30 * factor, 60 * factor])
        assert chance == pytest.approx([20, 20])
        assert whiskers[0] == pytest.approx([30 * factor - 5, 30 * factor + 10])
        assert axes.get_xlim()[0] == 0


def test_words_stand_in_their_order_with_what_the_answer_loses():
    figure = draw_word_heat(words())
    places = {text: box.x0 for text, box in boxes(figure)}
    assert places["what"] < places["colour"]
    assert "red ✓" in places
    assert "yes ✗" in places
    assert "+0.40" in places
    assert "−0.20" in places
    assert r"\$5" in texts(figure)


def test_shades_tell_for_from_against_and_more_from_less():
    (axes,) = draw_word_heat(words()).axes
    boxes_ = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    shades = [(matplotlib.colors.to_hex(box.get_facecolor()), box.get_alpha()) for box in boxes_]
    assert shades[0][1] == 0
    assert shades[1] == (BAD, pytest.approx(0.75))
    assert shades[2] == (GOOD, pytest.approx(0.75))  # "what" comes first
    assert shades[3] == (GOOD, pytest.approx(0.75 / 4))


def test_no_word_stands_on_another():
    places = dict(boxes(draw_word_heat(words())))
    assert places["what"].x1 < places["colour"].x0
