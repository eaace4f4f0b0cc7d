"""A picture turned step by step, and what becomes of the answers (EDL figure 2)."""

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vqax.report.cd_diagram import INK, QUIET
from vqax.report.figures.lines import draw_lines, panels
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
    title,
    wrapped,
)
from vqax.report.labels import scale_of

EXAMPLE_COLUMNS = ["run", "angle", "answer", "probability", "uncertainty", "truth"]
CURVE_COLUMNS = ["run", "angle", "metric", "value", "ci_low", "ci_high", "n"]
INTERVAL = ["value", "ci_low", "ci_high"]
LEAST = 0.3  # an answer that never gets more than this probability is not told apart
DOUBT = "uncertainty"


def draw_turned_picture(frame: pd.DataFrame, *, pictures: Float[np.ndarray, "t y x"]) -> Figure:
    """The turned pictures, and below them a panel per run: probabilities and uncertainty by angle.

    Answers that reach ``LEAST`` under some run have a line; the broken line is the uncertainty.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, EXAMPLE_COLUMNS, "turned_picture")
    angles = sorted(int(angle) for angle in frame["angle"].unique())
    runs = list(dict.fromkeys(frame["run"].astype(str)))
    peaks = frame.groupby("answer")["probability"].max()
    look = looks(sorted(peaks[peaks >= LEAST].index.astype(str)))
    figure = new_figure(0.75 + 1.9 * len(runs) + legend_height(look))
    grid = figure.subplots(len(runs) + 1, 1, height_ratios=[0.55, *[1.9] * len(runs)])
    _strip(grid[0], pictures, angles)
    for axes, run in zip(grid[1:], runs, strict=True):
        _probabilities(axes, frame[frame["run"] == run], look)
        title(axes, run)
        axis_names(axes, y="probability")
    axis_names(grid[-1], "turned by (degrees)", "probability")
    legend(figure, {f"answer {name}": one for name, one in look.items()})
    return figure


def _strip(axes: Axes, pictures: Float[np.ndarray, "t y x"], angles: list[int]) -> None:
    """Each picture above its angle."""
    axes.axis("off")
    step = (angles[-1] - angles[0]) / max(1, len(angles) - 1)
    axes.set_xlim(angles[0] - 0.6 * step, angles[-1] + 0.6 * step)
    axes.set_ylim(0, 1)
    for angle, picture in zip(angles, pictures, strict=True):
        place = (angle - 0.47 * step, angle + 0.47 * step, 0, 1)
        axes.imshow(picture, cmap="gray", extent=place, aspect="auto", interpolation="nearest")


def _probabilities(axes: Axes, rows: pd.DataFrame, look: dict[str, Look]) -> None:
    plain(axes, grid="y")
    for answer, line in rows.groupby("answer", sort=False):
        one = look.get(str(answer))
        colour = one.colour if one else QUIET
        axes.plot(
            line["angle"], line["probability"], color=colour, linewidth=1.5 if one else 0.6,
            marker=one.marker if one else "", markersize=4,
        )  # fmt: skip
    doubt = rows.drop_duplicates("angle")
    axes.plot(doubt["angle"], doubt["uncertainty"], color=INK, linewidth=1.6, linestyle=(0, (4, 2)))
    last = doubt.iloc[len(doubt) // 2]
    axes.annotate(
        DOUBT, (last["angle"], last["uncertainty"]), xytext=(0, 4), textcoords="offset points",
        fontsize=8, color=INK, ha="center",
    )  # fmt: skip
    axes.set_ylim(0, 1.02)
    step = (rows["angle"].max() - rows["angle"].min()) / max(1, len(doubt) - 1)
    axes.set_xlim(rows["angle"].min() - 0.6 * step, rows["angle"].max() + 0.6 * step)
    axes.set_xticks(range(0, 181, 30))


def draw_turned_curves(frame: pd.DataFrame) -> Figure:
    """A panel per metric, a line per run over the angle, with bands for the intervals.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, CURVE_COLUMNS, "turned_curves")
    metrics = list(dict.fromkeys(frame["metric"].astype(str)))
    factor = frame["metric"].map(scale_of)
    lines = frame.rename(columns={"angle": "x"})
    lines[INTERVAL] = lines[INTERVAL].mul(factor, axis=0)
    look = looks(lines["run"].astype(str))
    figure, grid = panels(len(metrics), look, across=len(metrics), height_in=2.6)
    for axes, metric in zip(grid, metrics, strict=True):
        draw_lines(axes, lines[lines["metric"] == metric], look, markersize=3.5)
        axes.set_xticks(range(0, 181, 60))
        few_ticks(axes.yaxis)
        axis_names(axes, "turned by (degrees)", wrapped(axis_name(metric), 34))
    return figure
