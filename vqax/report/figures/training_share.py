"""Uncertainty against the share of the training data (the question of U-CAM, Table V, part 2)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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

COLUMNS = ["run", "share", "metric", "value", "ci_low", "ci_high", "n"]
ACROSS = 3


def draw_training_share(frame: pd.DataFrame) -> Figure:
    """A panel per metric: value with its interval over the share of training questions.

    ``share`` lies in (0, 1]; ``run`` is what a reader sees of the model whose training data were
    cut (one line per run); ``unit`` is optional.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, COLUMNS, "training_share")
    metrics = list(dict.fromkeys(frame["metric"].astype(str)))
    across = min(ACROSS, len(metrics))
    down = -(-len(metrics) // across)
    look = looks(frame["run"].astype(str))
    figure = new_figure(2.5 * down + legend_height(look))
    grid = figure.subplots(down, across, squeeze=False)
    for axes, metric in zip(grid.flat, metrics, strict=False):
        rows = frame[frame["metric"] == metric]
        _panel(axes, rows, look)
        name = axis_name(metric, rows["unit"].iloc[0] if "unit" in rows else "")
        axis_names(axes, "share of the training questions (%)", wrapped(name, 34))
    for axes in list(grid.flat)[len(metrics) :]:
        axes.set_visible(False)
    legend(figure, look)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, look: dict[str, Look]) -> None:
    plain(axes, grid="y")
    for run, line in rows.groupby("run", sort=False):
        line = line.sort_values("share")
        value = line["value"].to_numpy(dtype=float)
        axes.errorbar(
            100 * line["share"].to_numpy(dtype=float),
            value,
            yerr=[value - line["ci_low"], line["ci_high"] - value],
            color=look[str(run)].colour,
            marker=look[str(run)].marker,
            markersize=5,
            linewidth=1.4,
            capsize=2,
        )
    axes.set_xticks(sorted(100 * rows["share"].unique()))
    few_ticks(axes.yaxis)
    axes.margins(x=0.12)
