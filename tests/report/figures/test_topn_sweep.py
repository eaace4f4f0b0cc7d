import numpy as np
import pytest

from tests.report.figures.frames import sweep, texts
from vqax.errors import BadData
from vqax.report.figures.topn_sweep import draw_sweep


def lines(axes):
    """What was drawn by marker: entries and values, without error bars and the line of 0."""
    return [line.get_data() for line in axes.lines if line.get_marker() in ("o", "s")]


def test_a_line_per_choice_in_the_order_of_entries():
    axes = draw_sweep(sweep()).axes[0]
    (first, values), (second, _) = lines(axes)
    assert first.tolist() == second.tolist() == [5, 25, 50, 200, 512]
    np.testing.assert_allclose(values, [0.3, 0.5, 0.2, 0.6, 0.4])
    assert axes.get_xscale() == "log"


def test_a_panel_per_metric_with_its_name():
    figure = draw_sweep(sweep())
    assert len([axes for axes in figure.axes if axes.get_visible()]) == 2
    words = texts(figure)
    for expected in ("likeness of the two maps", "preference", "most sensitive", "at random"):
        assert expected in words


def test_first_and_last_number_of_entries_are_named():
    ticks = [text.get_text() for text in draw_sweep(sweep()).axes[0].get_xticklabels()]
    assert ticks[0] == "5"
    assert ticks[-1] == "512"


def test_a_gap_where_nothing_was_measured():
    frame = sweep()
    frame.loc[frame["entries"] == 25, ["value", "ci_low", "ci_high"]] = np.nan
    entries, values = lines(draw_sweep(frame).axes[0])[0]
    assert entries[np.isnan(values)].tolist() == [25]


def test_a_frame_without_its_columns_is_named():
    with pytest.raises(BadData, match=r"figure topn_sweep: lacks the columns entries"):
        draw_sweep(sweep().drop(columns="entries"))
