"""Answers under noise in the image or the question (U-CAM, Fig. 4): one question, and all."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from PIL import Image

from vqax.data.images import as_rgb
from vqax.report.cd_diagram import INK, QUIET
from vqax.report.figures.lines import draw_lines, panels
from vqax.report.figures.style import (
    GOOD,
    NORMAL,
    SMALL,
    axis_names,
    drawable,
    line_styles,
    new_figure,
    one_of,
    plain,
    title,
    wrapped,
)
from vqax.report.frames import FLIP_COLUMNS
from vqax.report.numbers import number

TOP5_COLUMNS = ["run", "condition", "question", "truth", "answer", "probability"]
NO_IMAGES: Mapping[str, Image.Image] = MappingProxyType({})


def draw_top5(frame: pd.DataFrame, images: Mapping[str, Image.Image] = NO_IMAGES) -> Figure:
    """The five most probable answers to one question: a row per run, a column per condition.

    ``condition`` is what was done to the input ("clean", "noise in the image", …), in the
    order of the columns; ``question`` is the question as it was put under that condition, and
    ``images`` (condition -> image, optional) the image as it was given. ``probability``
    lies in [0, 1]. The bar of ``truth`` is dark, the others are grey.

    Raises:
        BadData: a column is missing, there is no row, or the rows have several truths.
    """
    drawable(frame, TOP5_COLUMNS, "noise_top5")
    truth = one_of(frame, "truth", "noise_top5")
    runs, conditions = (list(dict.fromkeys(frame[name])) for name in ("run", "condition"))
    heights = [1.5] * bool(images) + [1.25] * len(runs)
    figure = new_figure(sum(heights) + 0.6)
    grid = figure.subplots(len(heights), len(conditions), squeeze=False, height_ratios=heights)
    for column, condition in enumerate(conditions):
        given = frame[frame["condition"] == condition]
        question = wrapped(str(given["question"].iloc[0]), 40, 2)
        title(grid[0, column], f"{condition}\n{question}")
        if images:
            _image(grid[0, column], images[condition])
        for row, run in enumerate(runs, start=bool(images)):
            axes = grid[row, column]
            _bars(axes, given[given["run"] == run], truth)
            axes.set_ylabel(wrapped(run, 18) if column == 0 else "", fontsize=NORMAL, color=INK)
    for axes in grid[-1]:
        axes.set_xlabel("probability", fontsize=SMALL, color=INK)
    return figure


def _image(axes: Axes, image: Image.Image) -> None:
    axes.imshow(np.asarray(as_rgb(image)), interpolation="none")
    axes.set_anchor("W")
    axes.axis("off")


def _bars(axes: Axes, rows: pd.DataFrame, truth: str) -> None:
    """Bars from the most probable down; each carries its answer, so that long ones have room."""
    plain(axes)
    axes.set(xlim=(0, 1), ylim=(4.6, -0.6), yticks=[], xticks=[0, 0.5, 1])
    ordered = rows.sort_values("probability", ascending=False, kind="stable").head(5)
    for y, (answer, probability) in enumerate(
        zip(ordered["answer"].astype(str), ordered["probability"].astype(float), strict=True)
    ):
        right = answer == truth
        axes.barh(y, probability, height=0.82, color=GOOD if right else QUIET, alpha=0.45)
        text = f"{wrapped(answer, 26, 1)} {'✓' if right else ''}".strip()
        axes.text(0.02, y, text, va="center", fontsize=SMALL, color=INK)
        axes.text(
            1.0, y, number(probability, 2), va="center", ha="right", fontsize=SMALL, color=INK
        )


def draw_flips(frame: pd.DataFrame) -> Figure:
    """How often noise changes the answer: a panel per kind of noise, a line per run.

    ``noise`` is the kind ("image", "question"), ``unit`` says what ``strength`` counts;
    ``value`` with ``ci_low`` and ``ci_high`` is the share of questions in [0, 1] whose answer
    differs from the run's own answer without noise.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, FLIP_COLUMNS, "noise_flips")
    kinds = list(dict.fromkeys(frame["noise"].astype(str)))
    lines = frame.rename(columns={"strength": "x"})
    styles = line_styles(lines["run"].astype(str))
    figure, grid = panels(len(kinds), styles, across=len(kinds), height_in=3.0, sharey="all")
    for axes, kind in zip(grid, kinds, strict=True):
        rows = lines[lines["noise"] == kind]
        draw_lines(axes, rows, styles, whiskers=True)
        axes.set_xticks(sorted(rows["x"].unique()))
        title(axes, f"noise in the {kind}")
        axis_names(axes, f"strength ({one_of(rows, 'unit', 'noise_flips')})")
    grid[0].set_ylabel("answers that change", fontsize=SMALL, color=INK)
    grid[0].set_ylim(bottom=0)
    grid[0].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    return figure
