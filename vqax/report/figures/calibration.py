"""Reliability diagram, and what is gained by refusing to answer."""

import pandas as pd
from matplotlib.figure import Figure

from vqax.report.cd_diagram import QUIET
from vqax.report.figures.lines import panels
from vqax.report.figures.style import axis_names, drawable, few_ticks, line_styles

RELIABILITY_COLUMNS = ["run", "low", "high", "answers", "confidence", "accuracy"]
JOINED = 10
REJECTION_COLUMNS = ["run", "threshold", "coverage", "accuracy"]


def draw_reliability(frame: pd.DataFrame) -> Figure:
    """Accuracy over confidence, a line per run; on the diagonal probabilities are honest.

    Empty bins have no point, points of few answers are small, and the line joins only bins of
    ``JOINED`` answers or more.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, RELIABILITY_COLUMNS, "reliability")
    styles = line_styles(frame["run"].astype(str))
    figure, [axes] = panels(1, styles, across=1, height_in=3.3)
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=(0, (3, 3)))
    for run, rows in frame.groupby("run", sort=False):
        full = rows[rows["answers"] > 0]
        one = styles[str(run)]
        many = full[full["answers"] >= JOINED]
        axes.plot(many["confidence"], many["accuracy"], color=one.colour, linewidth=1.2)
        sizes = 12 + 70 * full["answers"] / rows["answers"].sum()
        axes.scatter(
            full["confidence"], full["accuracy"], sizes, color=one.colour, marker=one.marker
        )
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.03)
    axis_names(axes, "probability of the answer given", "share of right answers")
    return figure


def draw_rejection(frame: pd.DataFrame) -> Figure:
    """Errors among what is answered, over the share that is answered; a line per run.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, REJECTION_COLUMNS, "rejection")
    styles = line_styles(frame["run"].astype(str))
    figure, [axes] = panels(1, styles, across=1, height_in=2.6)
    for run, rows in frame.groupby("run", sort=False):
        risk = 100 * (1 - rows["accuracy"])
        axes.plot(100 * rows["coverage"], risk, color=styles[str(run)].colour, linewidth=1.5)
    few_ticks(axes.yaxis)
    axis_names(axes, "share of the images that are answered (%)", "wrong among them (%)")
    return figure
