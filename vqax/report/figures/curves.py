"""Lines with intervals over a setting, a rank or an epoch, a panel for each question asked."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vqax.report.figures.style import (
    Look,
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

COLUMNS = ["panel", "run", "x", "value", "ci_low", "ci_high", "x_name", "y_name"]
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
    drawable(frame, COLUMNS, "curves")
    panels = list(dict.fromkeys(frame["panel"].astype(str)))
    across = min(ACROSS, len(panels))
    down = -(-len(panels) // across)
    look = looks(frame["run"].astype(str))
    figure = new_figure(2.6 * down + legend_height(look))
    grid = figure.subplots(down, across, squeeze=False)
    for axes, panel in zip(grid.flat, panels, strict=False):
        _panel(axes, frame[frame["panel"] == panel], look)
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_visible(False)
    legend(figure, look)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, look: dict[str, Look]) -> None:
    plain(axes, grid="y")
    places = sorted(rows["x"].unique())
    for run, line in rows.groupby("run", sort=False):
        line = line.sort_values("x")
        own = look[str(run)]
        axes.fill_between(
            line["x"], line["ci_low"], line["ci_high"], color=own.colour, alpha=0.15, linewidth=0
        )
        axes.plot(
            line["x"],
            line["value"],
            color=own.colour,
            linewidth=1.4,
            marker=own.marker if len(places) <= FEW else "",
            markersize=4.5,
        )
    if len(places) <= FEW:
        if 0 < WIDE * places[0] <= places[-1]:
            axes.set_xscale("log")
            axes.minorticks_off()
        axes.set_xticks(places, [f"{place:g}" for place in places])
    few_ticks(axes.yaxis)
    axes.margins(x=0.05)
    axis_names(axes, str(rows["x_name"].iloc[0]), wrapped(str(rows["y_name"].iloc[0]), 34))
