"""Lines with intervals over a setting, a rank or an epoch, a panel for each question asked."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vqax.report.figures.lines import draw_lines, panels
from vqax.report.figures.style import (
    LineStyle,
    axis_names,
    drawable,
    few_ticks,
    line_styles,
    wrapped,
)
from vqax.report.frames import CURVE_COLUMNS

ACROSS = 2
FEW = 12  # places up to which each has a marker and a tick of its own
WIDE = 20  # how many times the first place the last one is where both need a logarithmic axis


def draw_curves(frame: pd.DataFrame) -> Figure:
    """A panel per ``panel``: ``value`` of every run over ``x``, its interval as a band.

    A run with one value, or the same for every place, is a level to compare with. ``x_name`` and
    ``y_name`` say what the axes of the panel are; NaN intervals are not drawn.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, CURVE_COLUMNS, "curves")
    names = list(dict.fromkeys(frame["panel"].astype(str)))
    styles = line_styles(frame["run"].astype(str))
    figure, grid = panels(len(names), styles, across=ACROSS, height_in=2.6)
    for axes, name in zip(grid, names, strict=True):
        _panel(axes, frame[frame["panel"] == name], styles)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, styles: dict[str, LineStyle]) -> None:
    places = sorted(rows["x"].unique())
    few = len(places) <= FEW
    draw_lines(axes, rows, styles, markersize=4.5 if few else 0.0)
    if few:
        if 0 < WIDE * places[0] <= places[-1]:
            axes.set_xscale("log")
            axes.minorticks_off()
        axes.set_xticks(places, [f"{place:g}" for place in places])
    few_ticks(axes.yaxis)
    axes.margins(x=0.05)
    axis_names(axes, str(rows["x_name"].iloc[0]), wrapped(str(rows["y_name"].iloc[0]), 34))
