import numpy as np
import pandas as pd

from vqax.report.figures.lines import draw_lines, panels
from vqax.report.figures.style import line_styles

LOOK = line_styles(["a", "b"])
FRAME = pd.DataFrame(
    {
        "run": ["a", "a", "a", "b"],
        "x": [3.0, 1.0, 2.0, 1.0],
        "value": [0.3, 0.1, np.nan, 0.5],
        "ci_low": [0.2, 0.0, np.nan, np.nan],
        "ci_high": [0.5, 0.15, np.nan, np.nan],
    }
)


def test_panels_wrap_and_spare_places_are_hidden():
    figure, grid = panels(3, LOOK, across=2, height_in=1.0)
    assert len(grid) == 3
    assert [axes.get_visible() for axes in figure.axes] == [True, True, True, False]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]


def test_no_more_columns_than_panels():
    figure, grid = panels(1, LOOK, across=3, height_in=1.0)
    assert figure.axes == grid


def test_whiskers_reach_from_the_low_to_the_high_end_in_ascending_order():
    _, [axes] = panels(1, LOOK, across=1, height_in=1.0)
    draw_lines(axes, FRAME, LOOK, whiskers=True)
    line, _, [whiskers] = axes.containers[0]
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(line.get_ydata(), [0.1, np.nan, 0.3])
    ends = [segment[:, 1].tolist() for segment in whiskers.get_segments() if len(segment)]
    np.testing.assert_allclose([ends[0], ends[-1]], [[0.0, 0.15], [0.2, 0.5]])
    assert not axes.collections[2:]  # the whiskers of both runs, no band


def test_bands_lie_under_lines_whose_markers_may_be_left_out():
    _, [axes] = panels(1, LOOK, across=1, height_in=1.0)
    draw_lines(axes, FRAME.dropna(), LOOK, markersize=0.0)
    [band] = axes.collections
    [path] = band.get_paths()
    assert set(map(tuple, path.vertices)) == {(1, 0.0), (1, 0.15), (3, 0.2), (3, 0.5)}
    assert [line.get_marker() for line in axes.lines] == [""]
