"""Panels of lines with intervals over one numeric axis, and the legend they share."""

from typing import Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vqax.report.figures.style import LineStyle, legend, legend_height, new_figure, plain

Shared = Literal["none", "all", "row"]


def panels(
    count: int,
    styles: dict[str, LineStyle],
    *,
    across: int,
    height_in: float,
    sharey: Shared = "none",
) -> tuple[Figure, list[Axes]]:
    """A figure with ``count`` plain axes, at most ``across`` side by side, and a legend below."""
    across = min(across, count)
    down = -(-count // across)
    figure = new_figure(height_in * down + legend_height(styles))
    grid = list(figure.subplots(down, across, squeeze=False, sharey=sharey).flat)
    for axes in grid[:count]:
        plain(axes, grid="y")
    for axes in grid[count:]:
        axes.set_visible(False)
    legend(figure, styles)
    return figure, grid[:count]


def draw_lines(
    axes: Axes,
    frame: pd.DataFrame,
    styles: dict[str, LineStyle],
    *,
    whiskers: bool = False,
    markersize: float = 4.5,
) -> None:
    """A line per ``run``: ``value`` over ``x`` in ascending order, with its interval.

    The interval from ``ci_low`` to ``ci_high`` is a band, or ``whiskers``; where it is NaN there
    is none, and where ``value`` is, the line has a gap. Markers of size 0 are left out.
    """
    for run, line in frame.groupby("run", sort=False):
        line = line.sort_values("x")
        x, value, low, high = (
            line[name].to_numpy(dtype=float) for name in ("x", "value", "ci_low", "ci_high")
        )
        own = styles[str(run)]
        if not whiskers:
            axes.fill_between(x, low, high, color=own.colour, alpha=0.15, linewidth=0)
        axes.errorbar(
            x,
            value,
            yerr=[value - low, high - value] if whiskers else None,
            color=own.colour,
            marker=own.marker if markersize else "",
            markersize=markersize,
            linewidth=1.4,
            elinewidth=1.0,
        )
