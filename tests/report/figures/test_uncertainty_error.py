import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from scipy.stats import spearmanr

from tests.report.figures.frames import N, questions, texts
from vqax.report.figures.style import BAD
from vqax.report.figures.uncertainty_error import (
    draw_uncertainty_error,
    draw_uncertainty_histograms,
    group_means,
)


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9)), min_size=1, max_size=60))
def test_groups_are_equally_large_and_keep_the_mean(points):
    x, y = np.array(points).T
    xs, ys, half = group_means(x, y, groups=7)
    sizes = np.array([len(part) for part in np.array_split(np.arange(len(x)), len(xs))])
    assert sizes.max() - sizes.min() <= 1
    assert len(xs) == len(ys) == len(half) == min(7, len(x))
    assert (np.diff(xs) >= -1e-12).all()
    assert np.average(ys, weights=sizes) == pytest.approx(y.mean())


def test_group_means_by_hand():
    x = np.array([3.0, 1.0, 2.0, 4.0])
    y = np.array([30.0, 10.0, 20.0, 60.0])
    xs, ys, half = group_means(x, y, groups=2)
    np.testing.assert_allclose(xs, [1.5, 3.5])
    np.testing.assert_allclose(ys, [15.0, 45.0])
    np.testing.assert_allclose(half, 1.96 * np.array([50**0.5, 450**0.5]) / 2**0.5)


def test_a_panel_a_run_with_its_own_line_and_correlation():
    frame = questions()
    figure = draw_uncertainty_error(frame)
    of_run = frame[frame["run"] == "P-GCA"]
    axes = next(a for a in figure.axes if a.get_title(loc="left").startswith("P-GCA"))
    x, y, _ = group_means(of_run["predictive"].to_numpy(), of_run["nll_of_error"].to_numpy())
    np.testing.assert_allclose(axes.containers[0].lines[0].get_xdata(), x)
    np.testing.assert_allclose(axes.containers[0].lines[0].get_ydata(), y)
    rho = spearmanr(of_run["predictive"], of_run["nll_of_error"]).statistic
    assert f"{rho:.2f}".replace("-", "−") in axes.get_title(loc="left")


def test_a_run_without_uncertainty_says_so():
    figure = draw_uncertainty_error(questions())
    baseline = figure.axes[0]
    assert [text.get_text() for text in baseline.texts] == ["not measured"]
    assert "rank correlation –" in baseline.get_title(loc="left")
    assert texts(figure).count("not measured") == 1
    assert texts(figure).count("predictive uncertainty (nats)") == 3


def test_histograms_are_shares_of_right_and_of_wrong_answers():
    frame = questions()
    figure = draw_uncertainty_histograms(frame)
    axes = figure.axes[-1]  # P-GCA, classification error
    own = frame[frame["run"] == "P-GCA"]
    right = own["accuracy_official"] >= 0.5
    filled, outline = axes.patches
    assert to_hex(outline.get_edgecolor()) == BAD
    for patch, count in ((filled, right.sum()), (outline, (~right).sum())):
        heights = patch.get_path().vertices[:, 1]
        assert count > 2
        np.testing.assert_allclose(heights * count, np.round(heights * count), atol=1e-9)
    assert sum(c for c in _bar_heights(filled)) == pytest.approx(1.0)
    assert sum(c for c in _bar_heights(outline)) == pytest.approx(1.0)


def _bar_heights(patch):
    """The height of every bin of a step histogram: the level between two of its edges."""
    x, y = patch.get_path().vertices.T
    heights = {}
    for x0, x1, y0, y1 in zip(x[:-1], x[1:], y[:-1], y[1:], strict=True):
        if x1 > x0 and y0 == y1:
            heights[round(x0, 9)] = y0
    return heights.values()


def test_nothing_beyond_the_last_bin_is_lost():
    frame = questions()
    frame.loc[frame.index[-1], "nll_of_error"] = 500.0
    figure = draw_uncertainty_histograms(frame)
    assert figure.axes[-1].patches[0].get_path().vertices[:, 0].max() <= 500.0
    total = sum(sum(_bar_heights(patch)) for patch in figure.axes[-1].patches)
    assert total == pytest.approx(2.0)


def test_the_count_of_questions_is_that_of_the_frame():
    assert len(questions()) == 3 * N
