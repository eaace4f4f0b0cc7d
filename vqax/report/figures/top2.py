"""The distance of the two most probable answers per question (U-CAM, Fig. 7 c and d)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vqax.report.cd_diagram import INK
from vqax.report.figures.dots import empty_note
from vqax.report.figures.style import (
    SMALL,
    LineStyle,
    axis_names,
    drawable,
    legend,
    legend_height,
    line_styles,
    new_figure,
    plain,
    title,
    wrapped,
)

COLUMNS = ["run", "question_id", "question", "answer_type", "margin"]
SHOWN = 10
GROUPS = {"other than yes/no": False, "yes/no": True}
QUANTILES = np.linspace(0.0, 1.0, 101)


def draw_top2(frame: pd.DataFrame) -> Figure:
    """Ten questions as the paper shows them, and beside them all questions, per answer type.

    Left, a row per question and a marker per run; the ten are spaced evenly over the
    question_ids, whatever their margins. Right, each run's margins in descending order, as
    quantiles: the curve that is higher separates the two first answers better. ``margin`` lies
    in [0, 1]; ``run`` is what a reader sees.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, COLUMNS, "top2_distance")
    styles = line_styles(frame["run"].astype(str))
    figure = new_figure(6.8 + legend_height(styles))
    grid = figure.subplots(2, 2, width_ratios=(3, 2), squeeze=False)
    for (name, yes_no), (left, right) in zip(GROUPS.items(), grid, strict=True):
        rows = frame[(frame["answer_type"] == "yes/no") == yes_no]
        title(left, f"ten questions, {name}")
        title(right, f"all {rows['question_id'].nunique():,} questions, {name}")
        _examples(left, rows, styles)
        _sorted(right, rows, styles)
    axis_names(grid[1, 0], "distance of the two first answers (probability)")
    axis_names(grid[1, 1], "questions, from the largest distance down (%)")
    legend(figure, styles)
    return figure


def shown(rows: pd.DataFrame) -> list[int]:
    """Ten question_ids (or all there are), evenly spaced over the sorted ids."""
    ids = np.unique(rows["question_id"])
    places = np.linspace(0, len(ids) - 1, min(SHOWN, len(ids))).round().astype(int)
    return [int(question_id) for question_id in ids[places]]


def _examples(axes: Axes, rows: pd.DataFrame, styles: dict[str, LineStyle]) -> None:
    plain(axes, grid="y")
    axes.set(xlim=(-0.02, 1.02))
    if rows.empty:
        axes.set_yticks([])
        empty_note(axes, "no such question")
        return
    ids = shown(rows)
    texts = rows.drop_duplicates("question_id").set_index("question_id")["question"]
    for run, of_run in rows.groupby("run", sort=False):
        margins = of_run.set_index("question_id")["margin"].reindex(ids)
        own = styles[str(run)]
        axes.plot(margins, range(len(ids)), own.marker, color=own.colour, markersize=5, alpha=0.85)
    axes.set_yticks(range(len(ids)), [wrapped(str(texts[one]), 36, 2) for one in ids])
    axes.set_ylim(len(ids) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def _sorted(axes: Axes, rows: pd.DataFrame, styles: dict[str, LineStyle]) -> None:
    plain(axes, grid="y")
    axes.set(xlim=(0, 100), ylim=(0, 1))
    axes.set_ylabel("distance (probability)", fontsize=SMALL, color=INK)
    for run, of_run in rows.groupby("run", sort=False):
        margins = of_run["margin"].dropna().to_numpy(dtype=float)
        if len(margins):
            own = styles[str(run)]
            axes.plot(
                100 * QUANTILES,
                np.quantile(margins, 1 - QUANTILES),
                color=own.colour,
                marker=own.marker,
                markevery=(5, 20),
                markersize=4,
                linewidth=1.4,
            )
