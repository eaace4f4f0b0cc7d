"""An image rotated step by step, and what becomes of the answers (EDL figure 2)."""

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vqax.report.cd_diagram import INK, QUIET
from vqax.report.figures.lines import draw_lines, panels
from vqax.report.figures.style import (
    LineStyle,
    axis_name,
    axis_names,
    drawable,
    few_ticks,
    legend,
    legend_height,
    line_styles,
    new_figure,
    plain,
    title,
    wrapped,
)
from vqax.report.labels import scale_of

EXAMPLE_COLUMNS = ["run", "angle", "answer", "probability", "uncertainty", "truth"]
CURVE_COLUMNS = ["run", "angle", "metric", "value", "ci_low", "ci_high", "n"]
INTERVAL = ["value", "ci_low", "ci_high"]
LEAST = 0.3  # an answer that never gets more than this probability has no line of its own
VACUITY = "uncertainty"


def draw_rotated_image(frame: pd.DataFrame, *, images: Float[np.ndarray, "t y x"]) -> Figure:
    """The rotated images, and below them a panel per run: probabilities and uncertainty by angle.

    Answers that reach ``LEAST`` under some run have a line; the broken line is the uncertainty.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, EXAMPLE_COLUMNS, "rotated_image")
    angles = sorted(int(angle) for angle in frame["angle"].unique())
    runs = list(dict.fromkeys(frame["run"].astype(str)))
    peaks = frame.groupby("answer")["probability"].max()
    styles = line_styles(sorted(peaks[peaks >= LEAST].index.astype(str)))
    figure = new_figure(0.75 + 1.9 * len(runs) + legend_height(styles))
    grid = figure.subplots(len(runs) + 1, 1, height_ratios=[0.55, *[1.9] * len(runs)])
    _strip(grid[0], images, angles)
    for axes, run in zip(grid[1:], runs, strict=True):
        _probabilities(axes, frame[frame["run"] == run], styles)
        title(axes, run)
        axis_names(axes, y="probability")
    axis_names(grid[-1], "rotated by (degrees)", "probability")
    legend(figure, {f"answer {name}": one for name, one in styles.items()})
    return figure


def _strip(axes: Axes, images: Float[np.ndarray, "t y x"], angles: list[int]) -> None:
    """Each image above its angle."""
    axes.axis("off")
    step = (angles[-1] - angles[0]) / max(1, len(angles) - 1)
    axes.set_xlim(angles[0] - 0.6 * step, angles[-1] + 0.6 * step)
    axes.set_ylim(0, 1)
    for angle, image in zip(angles, images, strict=True):
        place = (angle - 0.47 * step, angle + 0.47 * step, 0, 1)
        axes.imshow(image, cmap="gray", extent=place, aspect="auto", interpolation="nearest")


def _probabilities(axes: Axes, rows: pd.DataFrame, styles: dict[str, LineStyle]) -> None:
    plain(axes, grid="y")
    for answer, line in rows.groupby("answer", sort=False):
        one = styles.get(str(answer))
        colour = one.colour if one else QUIET
        axes.plot(
            line["angle"], line["probability"], color=colour, linewidth=1.5 if one else 0.6,
            marker=one.marker if one else "", markersize=4,
        )  # fmt: skip
    vacuity = rows.drop_duplicates("angle")
    axes.plot(
        vacuity["angle"], vacuity["uncertainty"], color=INK, linewidth=1.6, linestyle=(0, (4, 2))
    )
    last = vacuity.iloc[len(vacuity) // 2]
    axes.annotate(
        VACUITY, (last["angle"], last["uncertainty"]), xytext=(0, 4), textcoords="offset points",
        fontsize=8, color=INK, ha="center",
    )  # fmt: skip
    axes.set_ylim(0, 1.02)
    step = (rows["angle"].max() - rows["angle"].min()) / max(1, len(vacuity) - 1)
    axes.set_xlim(rows["angle"].min() - 0.6 * step, rows["angle"].max() + 0.6 * step)
    axes.set_xticks(range(0, 181, 30))


def draw_rotated_curves(frame: pd.DataFrame) -> Figure:
    """A panel per metric, a line per run over the angle, with bands for the intervals.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, CURVE_COLUMNS, "rotated_curves")
    metrics = list(dict.fromkeys(frame["metric"].astype(str)))
    factor = frame["metric"].map(scale_of)
    lines = frame.rename(columns={"angle": "x"})
    lines[INTERVAL] = lines[INTERVAL].mul(factor, axis=0)
    styles = line_styles(lines["run"].astype(str))
    figure, grid = panels(len(metrics), styles, across=len(metrics), height_in=2.6)
    for axes, metric in zip(grid, metrics, strict=True):
        draw_lines(axes, lines[lines["metric"] == metric], styles, markersize=3.5)
        axes.set_xticks(range(0, 181, 60))
        few_ticks(axes.yaxis)
        axis_names(axes, "rotated by (degrees)", wrapped(axis_name(metric), 34))
    return figure
