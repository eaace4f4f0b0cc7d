"""Grad-CAM through n entries of the combine layer, for growing n (TopN, Figs. 27 to 77)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from vqax.report.cd_diagram import QUIET
from vqax.report.figures.lines import draw_lines, panels
from vqax.report.figures.style import (
    axis_name,
    axis_names,
    drawable,
    few_ticks,
    line_styles,
    wrapped,
)

COLUMNS = ["question", "how", "metric", "entries", "value", "ci_low", "ci_high"]
ACROSS = 2
MOST_TICKS = 7


def draw_sweep(frame: pd.DataFrame) -> Figure:
    """A panel per metric, a line per way to choose (``how``), over the number of ``entries``.

    Entries are on a logarithmic axis; ``question`` says what was looked into, for the caption.
    A value that is not finite leaves a gap; a grey line marks 0 where the panel holds it.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, COLUMNS, "topn_sweep")
    metrics = list(dict.fromkeys(frame["metric"].astype(str)))
    lines = frame.rename(columns={"how": "run", "entries": "x"})
    styles = line_styles(lines["run"].astype(str))
    figure, grid = panels(len(metrics), styles, across=ACROSS, height_in=2.6)
    for axes, metric in zip(grid, metrics, strict=True):
        rows = lines[lines["metric"] == metric]
        draw_lines(axes, rows, styles, whiskers=True)
        _scale(axes, rows["x"])
        axis_names(axes, "entries that let gradients through", wrapped(axis_name(metric), 40))
    return figure


def _scale(axes: Axes, entries: pd.Series) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(_ticks(entries)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda entries, _: f"{entries:g}")
    few_ticks(axes.yaxis)
    low, high = axes.get_ylim()
    if low < 0 < high:
        axes.axhline(0.0, color=QUIET, linewidth=0.8)


def _ticks(entries: pd.Series) -> list[float]:
    """Some of the numbers tried, about evenly spaced on the axis, first and last among them."""
    tried = np.unique(entries.to_numpy(dtype=float))
    wanted = np.geomspace(tried[0], tried[-1], min(MOST_TICKS, len(tried)))
    return sorted({float(tried[np.abs(np.log(tried / one)).argmin()]) for one in wanted})
