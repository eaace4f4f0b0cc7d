"""Heat maps over the objects they should lie on, and how much of them does (EDL figures 5 to 7)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vqax.report.cd_diagram import INK
from vqax.report.figures.lines import draw_lines, panels
from vqax.report.figures.style import (
    SMALL,
    axis_names,
    drawable,
    few_ticks,
    line_styles,
    new_figure,
    title,
    wrapped,
)

MAP_COLUMNS = ["run", "example", "dice", "uncertainty"]
CURVE_COLUMNS = ["run", "case", "threshold", "dice", "n"]
Pair = tuple[Float[np.ndarray, "y x"], Float[np.ndarray, "y x"]]


def draw_object_maps(frame: pd.DataFrame, *, maps: Mapping[tuple[str, int], Pair]) -> Figure:
    """A row per ``run`` (a condition), a column per example: the image under its map.

    ``maps``: (run, example) -> image and map of its size, raw; negative values are not shown.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, MAP_COLUMNS, "object_maps")
    runs = list(dict.fromkeys(frame["run"].astype(str)))
    examples = list(dict.fromkeys(frame["example"]))
    figure = new_figure(len(runs) * (7.0 / len(examples) + 0.45))
    grid = figure.subplots(len(runs), len(examples), squeeze=False)
    cells = frame.set_index(["run", "example"])
    for row, run in enumerate(runs):
        for column, example in enumerate(examples):
            axes = grid[row, column]
            _overlaid(axes, *maps[run, example])
            cell = cells.loc[(run, example)]
            text = f"Dice {cell['dice']:.2f} · u {cell['uncertainty']:.2f}"
            axes.set_title(text, fontsize=SMALL, color=INK)
        grid[row, 0].set_ylabel(wrapped(run, 18), fontsize=SMALL, color=INK)
    return figure


def _overlaid(axes: Axes, image: Float[np.ndarray, "y x"], heat: Float[np.ndarray, "y x"]) -> None:
    positive = np.maximum(heat, 0)
    unit = positive / positive.max() if positive.max() > 0 else positive
    axes.imshow(image, cmap="gray", interpolation="nearest")
    axes.imshow(unit, cmap="inferno", alpha=0.25 + 0.5 * unit, vmin=0, vmax=1)
    axes.contour(image > 0, [0.5], colors="#3fa3d6", linewidths=0.8)
    axes.set_xticks([])
    axes.set_yticks([])


def draw_threshold_curves(frame: pd.DataFrame) -> Figure:
    """Mean Dice over the threshold, a panel per ``run``, a line per ``case`` (condition).

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, CURVE_COLUMNS, "threshold_curves")
    runs = list(dict.fromkeys(frame["run"].astype(str)))
    lines = frame.rename(columns={"run": "panel", "case": "run", "threshold": "x", "dice": "value"})
    lines = lines.assign(ci_low=np.nan, ci_high=np.nan)
    styles = line_styles(lines["run"].astype(str))
    figure, grid = panels(len(runs), styles, across=len(runs), height_in=2.3, sharey="all")
    for axes, run in zip(grid, runs, strict=True):
        draw_lines(axes, lines[lines["panel"] == run], styles, markersize=3.0)
        few_ticks(axes.yaxis)
        title(axes, run)
        axis_names(
            axes, "threshold\n(share of the map's maximum)", "Dice" if run == runs[0] else ""
        )
    return figure
