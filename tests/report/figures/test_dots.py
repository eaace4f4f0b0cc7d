from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from tests.report.figures.frames import boxes, controls, metrics, texts
from vqax.report.cd_diagram import QUIET
from vqax.report.figures.controls import draw_controls
from vqax.report.figures.metric_dots import draw_metric_dots
from vqax.report.figures.style import BAD, GOOD


def drawn(axes):
    """Colour, ends and middle of every row that has a dot, from the top."""
    whiskers = [line for line in axes.lines if line.get_linestyle() == "-"]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    return [
        (whisker.get_color(), *whisker.get_xdata(), dot.get_xdata()[0])
        for whisker, dot in zip(whiskers, dots, strict=True)
    ]


def test_controls_are_coloured_by_their_interval_and_drawn_in_points():
    accuracy, emd = draw_controls(controls()).axes
    expected = [(GOOD, 1, 5, 3), (BAD, -5, -1, -3), (QUIET, -1, 1, 0)]
    for found, wanted in zip(drawn(accuracy), expected, strict=True):
        assert found[0] == wanted[0]
        np.testing.assert_allclose(found[1:], wanted[1:])
    assert drawn(emd) == [(GOOD, -0.05, -0.01, -0.03)]  # less is better, and no factor


def test_controls_show_the_line_of_no_difference_and_name_every_row():
    figure = draw_controls(controls())
    for axes in figure.axes:
        assert axes.lines[0].get_linestyle() == "--"
        assert list(axes.lines[0].get_xdata()) == [0, 0]
    said = texts(figure)
    assert "difference in VQA accuracy\u00a0↑ (points)" in said
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "better",
        "worse",
        "undecided",
    ]


def test_metrics_are_drawn_as_they_are_with_their_unit():
    accuracy, rank = draw_metric_dots(metrics()).axes
    np.testing.assert_allclose([row[3] for row in drawn(accuracy)], [50.0, 51.0])
    np.testing.assert_allclose(
        [row[1:] for row in drawn(rank)], [[0.49, 0.52, 0.5], [0.5, 0.53, 0.51]]
    )
    assert "(Spearman's rho)" in rank.get_xlabel()
    assert "fraction" not in accuracy.get_xlabel()


def test_a_value_that_was_not_measured_leaves_its_row_empty():
    frame = metrics().assign(value=lambda t: t["value"].where(t["run"] != "baseline"))
    accuracy = draw_metric_dots(frame).axes[0]
    assert len(drawn(accuracy)) == 1
    assert len(accuracy.get_yticklabels()) == 2


@pytest.mark.parametrize("count", [1, 40])
def test_names_do_not_overlap_whatever_their_number(count):
    names = tuple(f"a control with quite a long name, number {i}" for i in range(count))
    figure = draw_metric_dots(metrics(names))
    rows = [box for text, box in boxes(figure) if text.replace("\n", " ") in names]
    assert len(rows) == count
    for i, box in enumerate(rows):
        assert not any(box.overlaps(other) for other in rows[i + 1 :])


def test_ticks_of_tiny_differences_do_not_touch():
    frame = pd.DataFrame(
        [
            ["x", metric, 0.0009, -0.0012, 0.0031, 9]
            for metric in ("attention_emd", "attention_rank_correlation", "margin")
        ],
        columns=["run", "metric", "difference", "ci_low", "ci_high", "n"],
    )
    figure = draw_controls(frame)
    figure.draw_without_rendering()
    for axes in figure.axes:
        low, high = axes.get_xlim()
        ticks = [t for t in axes.get_xticklabels() if low <= t.get_position()[0] <= high]
        found = [tick.get_window_extent() for tick in ticks]
        assert len(found) >= 2
        assert not any(a.overlaps(b) for a, b in pairwise(found))


NARROW = 6.0  # pixels: half a digit


def test_long_numbers_below_three_panels_do_not_touch():
    names = ["rank_correlation", "emd", "relevance_mass"]
    run = "random regions instead of ignored key objects"
    rows = [[run, name, 0.0, -0.0168, 0.0042, 9] for name in names]
    frame = pd.DataFrame(rows, columns=["run", "metric", "difference", "ci_low", "ci_high", "n"])
    figure = draw_controls(frame)
    figure.draw_without_rendering()
    for axes in figure.axes:
        drawn = [label for label in axes.get_xticklabels() if label.get_text()]
        low, high = axes.get_xlim()
        places = [
            label.get_window_extent() for label in drawn if low <= label.get_position()[0] <= high
        ]
        assert len(places) > 1
        for left, right in pairwise(places):
            assert left.x1 + NARROW < right.x0
