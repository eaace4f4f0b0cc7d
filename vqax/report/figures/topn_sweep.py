"""Grad-CAM through n entries of the combine layer, for growing n (TopN, Figs. 27 to 77)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from vqax.report.cd_diagram import QUIET
from vqax.report.figures.style import (
    Look,
    axis_name,
    axis_names,
    drawable,
    few_ticks,
    legend,
    legend_height,
    looks,
    new_figure,
    plain,
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
    down = -(-len(metrics) // ACROSS)
    look = looks(frame["how"].astype(str))
    figure = new_figure(2.6 * down + legend_height(look))
    grid = figure.subplots(down, ACROSS, squeeze=False)
    for axes, metric in zip(grid.flat, metrics, strict=False):
        _panel(axes, frame[frame["metric"] == metric], look)
        axis_names(axes, "entries that let gradients through", wrapped(axis_name(metric), 40))
    for axes in list(grid.flat)[len(metrics) :]:
        axes.set_visible(False)
    legend(figure, look)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, look: dict[str, Look]) -> None:
    plain(axes, grid="y")
    for how, line in rows.groupby("how", sort=False):
        line = line.sort_values("entries")
        value = line["value"].to_numpy(dtype=float)
        axes.errorbar(
            line["entries"].to_numpy(dtype=float),
            value,
            yerr=[value - line["ci_low"], line["ci_high"] - value],
            color=look[str(how)].colour,
            marker=look[str(how)].marker,
            markersize=4.5,
            linewidth=1.4,
            elinewidth=1.0,
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(_ticks(rows["entries"])))
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
