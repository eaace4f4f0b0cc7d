"""Heat maps over the objects they should lie on, and how much of them does (EDL figures 5 to 7)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vqax.report.cd_diagram import INK
from vqax.report.figures.style import (
    SMALL,
    axis_names,
    drawable,
    few_ticks,
    legend,
    legend_height,
    looks,
    new_figure,
    plain,
)

MAP_COLUMNS = ["run", "example", "dice", "uncertainty"]
CURVE_COLUMNS = ["run", "case", "threshold", "dice", "n"]
Pair = tuple[Float[np.ndarray, "y x"], Float[np.ndarray, "y x"]]


def draw_object_maps(frame: pd.DataFrame, *, maps: Mapping[tuple[str, int], Pair]) -> Figure:
    """A row per ``run`` (a condition), a column per example: the picture under its map.

    ``maps``: (run, example) -> picture and map of its size, raw; negative values are not shown.

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
        grid[row, 0].set_ylabel(run, fontsize=SMALL, color=INK)
    return figure


def _overlaid(
    axes: Axes, picture: Float[np.ndarray, "y x"], heat: Float[np.ndarray, "y x"]
) -> None:
    positive = np.maximum(heat, 0)
    unit = positive / positive.max() if positive.max() > 0 else positive
    axes.imshow(picture, cmap="gray", interpolation="nearest")
    axes.imshow(unit, cmap="inferno", alpha=0.25 + 0.5 * unit, vmin=0, vmax=1)
    axes.contour(picture > 0, [0.5], colors="#3fa3d6", linewidths=0.8)
    axes.set_xticks([])
    axes.set_yticks([])


def draw_threshold_curves(frame: pd.DataFrame) -> Figure:
    """Mean Dice over the threshold, a panel per ``run``, a line per ``case`` (condition).

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, CURVE_COLUMNS, "threshold_curves")
    runs = list(dict.fromkeys(frame["run"].astype(str)))
    look = looks(frame["case"].astype(str))
    figure = new_figure(2.3 + legend_height(look))
    for axes, run in zip(
        figure.subplots(1, len(runs), sharey=True, squeeze=False)[0], runs, strict=True
    ):
        plain(axes, grid="y")
        for case, rows in frame[frame["run"] == run].groupby("case", sort=False):
            one = look[str(case)]
            axes.plot(rows["threshold"], rows["dice"], color=one.colour, marker=one.marker,
                      markersize=3, linewidth=1.3)  # fmt: skip
        few_ticks(axes.yaxis)
        axes.set_title(run, loc="left", fontsize=SMALL + 1, color=INK)
        axis_names(axes, "threshold (share of the map's maximum)", "Dice" if run == runs[0] else "")
    legend(figure, look)
    return figure
