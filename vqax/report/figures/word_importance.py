"""How often a kind of word is the most important one of its question (Interp, figure 3)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vqax.report.cd_diagram import INK
from vqax.report.figures.style import (
    GOOD,
    SMALL,
    axis_names,
    drawable,
    few_ticks,
    named_below,
    new_figure,
    plain,
    title,
)
from vqax.report.frames import WORD_COLUMNS

ROW_IN = 0.28


def draw_word_importance(frame: pd.DataFrame) -> Figure:
    """P(most important | kind) in per cent with its interval; a row per kind, a panel per method.

    ``value`` and ``chance`` are fractions, ``chance`` that of a word drawn blindly from its
    question; ``n`` counts words. Rows keep their order.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, WORD_COLUMNS, "word_importance")
    methods = list(dict.fromkeys(frame["method"].astype(str)))
    kinds = list(dict.fromkeys(frame["kind"].astype(str)))
    counts = frame.drop_duplicates("kind").set_index("kind")["n"]
    figure = new_figure(ROW_IN * len(kinds) + 1.15)
    grid = figure.subplots(1, len(methods), sharey=True, sharex=True, squeeze=False)[0]
    for axes, method in zip(grid, methods, strict=True):
        _panel(axes, frame[frame["method"] == method], kinds)
        title(axes, method)
    grid[0].set_yticks(range(len(kinds)), [f"{kind}  ({counts[kind]:,})" for kind in kinds])
    grid[0].set_xlim(left=0)
    dot = Line2D([], [], color=GOOD, marker="o", linewidth=2.2)
    tick = Line2D([], [], color=INK, marker="|", linestyle="", markersize=11)
    named_below(figure, [dot, tick], ["measured", "a word drawn blindly"])
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, kinds: list[str]) -> None:
    plain(axes, grid="x")
    axes.set_ylim(len(kinds) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0, labelsize=SMALL)
    axes.spines["left"].set_visible(False)
    few_ticks(axes.xaxis)
    for _, row in rows.iterrows():
        y = kinds.index(str(row["kind"]))
        low, high = 100 * row["ci_low"], 100 * row["ci_high"]
        axes.plot([100 * row["chance"]], [y], "|", color=INK, markersize=11)
        axes.plot([low, high], [y, y], color=GOOD, linewidth=2.2, solid_capstyle="round")
        axes.plot([100 * row["value"]], [y], "o", color=GOOD, markersize=5.5)
    axis_names(axes, x="most important word of its question (%)")
