"""Uncertainty against the share of the training data (the question of U-CAM, Table V, part 2)."""

import pandas as pd
from matplotlib.figure import Figure

from vqax.report.figures.lines import draw_lines, panels
from vqax.report.figures.style import (
    axis_name,
    axis_names,
    drawable,
    few_ticks,
    line_styles,
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
    lines = frame.assign(x=100 * frame["share"].astype(float))
    styles = line_styles(lines["run"].astype(str))
    figure, grid = panels(len(metrics), styles, across=ACROSS, height_in=2.5)
    for axes, metric in zip(grid, metrics, strict=True):
        rows = lines[lines["metric"] == metric]
        draw_lines(axes, rows, styles, whiskers=True)
        axes.set_xticks(sorted(rows["x"].unique()))
        few_ticks(axes.yaxis)
        axes.margins(x=0.12)
        name = axis_name(metric, rows["unit"].iloc[0] if "unit" in rows else "")
        axis_names(axes, "share of the training questions (%)", wrapped(name, 34))
    return figure
