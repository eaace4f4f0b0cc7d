"""Dots with intervals: a row per name, a panel per metric; the form of every "per run" figure."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vqax.report.cd_diagram import INK, QUIET
from vqax.report.figures.style import (
    GOOD,
    SMALL,
    axis_name,
    axis_names,
    drawable,
    few_ticks,
    new_figure,
    plain,
    wrapped,
)
from vqax.report.labels import scale_of

PANELS = 3  # side by side
ROW_IN = 0.3
ROOM = 75  # characters of tick labels that all panels side by side have room for

Colour = Callable[[str, float, float], str]


def draw_dots(
    frame: pd.DataFrame, name: str, *, row: str, value: str, zero: bool, colour: Colour
) -> Figure:
    """A panel per ``metric`` with a row per ``frame[row]``; the first row is at the top.

    ``frame`` has the columns row, metric, value, ci_low and ci_high; ``unit`` is optional.
    ``zero`` draws the line of no difference; ``colour`` is given the metric and the interval.
    A value that is not finite leaves its row empty.
    """
    drawable(frame, [row, "metric", value, "ci_low", "ci_high"], name)
    metrics = list(dict.fromkeys(frame["metric"].astype(str)))
    names = list(dict.fromkeys(frame[row].astype(str)))
    across = min(PANELS, len(metrics))
    down = math.ceil(len(metrics) / across)
    figure = new_figure(down * (ROW_IN * len(names) + 0.75))
    grid = figure.subplots(down, across, sharey=True, squeeze=False)
    for axes, metric in zip(grid.flat, metrics, strict=False):
        cells = frame[frame["metric"] == metric]
        _panel(
            axes,
            cells,
            names,
            metric,
            row=row,
            value=value,
            zero=zero,
            colour=colour,
            across=across,
        )
    for axes in list(grid.flat)[len(metrics) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_yticks(range(len(names)), [wrapped(text, 34, 2) for text in names])
    return figure


def _panel(
    axes: Axes,
    cells: pd.DataFrame,
    names: list[str],
    metric: str,
    *,
    row: str,
    value: str,
    zero: bool,
    colour: Colour,
    across: int,
) -> None:
    plain(axes, grid="x")
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    few_ticks(axes.xaxis, 5 if across > 2 else 8)
    if zero:
        axes.axvline(0.0, color=INK, linewidth=1.0, linestyle=(0, (2, 2)))
    for _, cell in cells.iterrows():
        factor = scale_of(metric, str(cell.get("unit", "")))
        points = factor * cell[[value, "ci_low", "ci_high"]].to_numpy(dtype=float)
        if np.isfinite(points[0]):
            _dot(axes, names.index(str(cell[row])), points, colour(metric, points[1], points[2]))
    labels = axes.xaxis.get_major_formatter().format_ticks(list(axes.get_xticks()))
    if across * sum(map(len, labels)) > ROOM:
        few_ticks(axes.xaxis, 3)
    what = "difference in " if zero else ""
    unit = cells["unit"].iloc[0] if "unit" in cells else ""
    axis_names(axes, x=wrapped(what + axis_name(metric, unit), 90 // across))


def _dot(axes: Axes, y: int, points: np.ndarray, colour: str) -> None:
    middle, low, high = points
    axes.plot([low, high], [y, y], color=colour, linewidth=2.2, solid_capstyle="round")
    axes.plot([middle], [y], "o", color=colour, markersize=5.5)


def one_colour(*_: object) -> str:
    return GOOD


def empty_note(axes: Axes, text: str) -> None:
    """A panel that has nothing to show says so."""
    axes.text(
        0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=QUIET,
        fontsize=SMALL,
    )  # fmt: skip
