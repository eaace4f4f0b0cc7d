"""How the uncertainty losses and the predicted variance settle (U-CAM, Fig. 10)."""

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from vqax.report.cd_diagram import INK
from vqax.report.figures.lines import Shared, draw_lines, panels
from vqax.report.figures.style import SMALL, drawable, line_styles, title, wrapped
from vqax.report.frames import LOSS_COLUMNS
from vqax.report.labels import spaced
from vqax.report.loss_terms import TERMS

ACROSS = 2
ACROSS_RUNS = 3
MANY = 5  # lines that one panel bears
WIDE = 30.0  # from this ratio on an axis is logarithmic


def draw_loss_variance(frame: pd.DataFrame) -> Figure:
    """Each term over the epochs: the mean as a line, the range over the batches as a band.

    A panel per ``metric``; more than five runs are split
    over up to three. ``lowest`` and ``highest`` are the extremes among the batches of the epoch. A
    positive term that falls to a thirtieth has a logarithmic axis.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, LOSS_COLUMNS, "loss_variance")
    metrics = list(dict.fromkeys(frame["metric"].astype(str)))
    lines = frame.rename(columns={"epoch": "x", "lowest": "ci_low", "highest": "ci_high"})
    styles = line_styles(lines["run"].astype(str))
    groups = np.array_split(list(styles), min(ACROSS_RUNS, math.ceil(len(styles) / MANY)))
    contents = [(metric, list(group)) for metric in metrics for group in groups]
    across = len(groups) if len(groups) > 1 else min(ACROSS, len(metrics))
    sharey: Shared = "row" if len(groups) > 1 else "none"
    figure, grid = panels(len(contents), styles, across=across, height_in=2.05, sharey=sharey)
    for axes, (metric, runs) in zip(grid, contents, strict=True):
        of_metric = lines[lines["metric"] == metric]
        draw_lines(axes, of_metric[of_metric["run"].isin(runs)], styles, markersize=4.0)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
        axes.set_xlabel("epoch", fontsize=SMALL, color=INK)
        if _falls_far(of_metric):
            axes.set_yscale("log")
            axes.yaxis.set_minor_formatter(NullFormatter())
        title(axes, wrapped(TERMS.get(metric, spaced(metric)), 110 // across, 2))
    return figure


def _falls_far(rows: pd.DataFrame) -> bool:
    """Whether all values are positive and the largest is many times the smallest."""
    return bool(0.0 < WIDE * rows["ci_low"].min() < rows["ci_high"].max())
