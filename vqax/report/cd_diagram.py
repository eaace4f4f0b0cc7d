"""Critical-difference diagram (Demšar 2006; U-CAM, Fig. 12), from the table's own rank vector."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from vqax.files import atomic_path, write_text
from vqax.report.svg import well_formed
from vqax.stats.nemenyi import not_different

INK, QUIET, BAR = "#1a1a1a", "#8a8a8a", "#c0392b"
ROW = 0.5  # vertical distance of two names, in inches like all heights here
BAR_STEP = 0.16
FIRST_BAR = 0.28


def draw_cd_diagram(
    ranks: Float[np.ndarray, "k"],
    names: Sequence[str],
    cd: float,
    *,
    n_blocks: int,
    alpha: float,
    title: str = "",
) -> Figure:
    """Methods on an axis of mean ranks, 1 (best) on the left; a bar joins those not different.

    ``ranks`` and ``cd`` are those of ``nemenyi``, in the order of ``names``; ``title`` says by
    what the methods were ranked and what a block is.
    """
    k, half = len(ranks), (len(ranks) + 1) // 2
    groups = not_different(ranks, cd)
    bars = FIRST_BAR + BAR_STEP * len(groups)
    bottom = bars + ROW * half
    figure = Figure(figsize=(8, bottom + 1.1), dpi=200)
    axes = figure.add_axes((0.24, 0, 0.52, 1))
    axes.set(xlim=(1, k), ylim=(-bottom, 1.1))
    axes.axis("off")
    if title:
        place = blended_transform_factory(figure.transFigure, axes.transData)
        axes.text(0, 1.12, title, transform=place, ha="left", va="bottom", color=INK, fontsize=12)
    _draw_axis(axes, k)
    _draw_scale(axes, cd, k, n_blocks, alpha)
    for level, group in enumerate(groups):
        _draw_bar(axes, ranks[list(group)], -FIRST_BAR - BAR_STEP * level, 0.008 * (k - 1))
    order = np.argsort(ranks, kind="stable")
    for row, method in enumerate(order[:half]):
        _draw_name(axes, ranks[method], names[method], -bars - ROW * row, left=True, k=k)
    for row, method in enumerate(order[half:][::-1]):
        _draw_name(axes, ranks[method], names[method], -bars - ROW * row, left=False, k=k)
    note = "a red bar joins methods that do not differ significantly"
    if groups:
        axes.text((1 + k) / 2, -bottom, note, ha="center", va="bottom", color=QUIET, fontsize=10)
    return figure


def write_figure(figure: Figure, path: Path) -> tuple[Path, Path]:
    """Write ``path`` as .png and as .svg (the same bytes every time), each whole or not at all."""
    png, svg = path.with_suffix(".png"), path.with_suffix(".svg")
    drawn: dict[str, Any] = {"bbox_inches": "tight", "pad_inches": 0.15, "facecolor": "white"}
    with mpl.rc_context({"svg.hashsalt": path.stem, "svg.fonttype": "none"}):
        with atomic_path(png) as temporary:
            figure.savefig(temporary, format="png", **drawn)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None}, **drawn)
    write_text(svg, well_formed(text.getvalue()))
    return png, svg


def _draw_axis(axes: Axes, k: int) -> None:
    axes.plot([1, k], [0, 0], color=INK, linewidth=1.2, clip_on=False)
    labelled = 1 + (k - 1) // 14  # numbers of many ranks would touch
    for rank in np.arange(1, k + 0.25, 0.5):
        whole = rank == int(rank)
        height = 0.1 if whole else 0.05
        axes.plot([rank, rank], [0, height], color=INK, linewidth=1, clip_on=False)
        if whole and (int(rank) - 1) % labelled == 0:
            axes.text(rank, 0.14, f"{rank:.0f}", ha="center", va="bottom", color=INK, fontsize=11)
    axes.annotate(
        "mean rank (1 = best)",
        (1, 0.14),
        xytext=(-12, 0),
        textcoords="offset points",
        ha="right",
        va="bottom",
        color=QUIET,
        fontsize=10,
    )


def _draw_scale(axes: Axes, cd: float, k: int, n_blocks: int, alpha: float) -> None:
    """The length of CD from rank 1; a CD longer than the axis says that nothing can differ."""
    end = min(1 + cd, k)
    axes.plot([1, end], [0.6, 0.6], color=INK, linewidth=1.6, clip_on=False)
    for x in [1, end] if 1 + cd <= k else [1]:
        axes.plot([x, x], [0.54, 0.66], color=INK, linewidth=1.6, clip_on=False)
    beyond = "" if 1 + cd <= k else ", more than the axis: no two methods can differ"
    text = f"CD = {cd:.2f}  ({k} methods, {n_blocks} blocks, α = {alpha:g}){beyond}"
    axes.text(1, 0.74, text, ha="left", va="bottom", color=INK, fontsize=11)


def _draw_bar(axes: Axes, ranks: Float[np.ndarray, "_"], y: float, reach: float) -> None:
    axes.plot(
        [ranks.min() - reach, ranks.max() + reach],
        [y, y],
        color=BAR,
        linewidth=4,
        solid_capstyle="round",
        clip_on=False,
        zorder=3,
    )


def _draw_name(axes: Axes, rank: float, name: str, y: float, *, left: bool, k: int) -> None:
    edge = 1 - 0.03 * k if left else k + 0.03 * k
    axes.plot([rank, rank, edge], [0, y, y], color=QUIET, linewidth=1, clip_on=False)
    axes.plot([rank], [0], marker="o", markersize=4.5, color=INK, clip_on=False, zorder=4)
    label = f"{name}  {rank:.2f} " if left else f" {rank:.2f}  {name}"
    side = "right" if left else "left"
    axes.text(edge, y, label, ha=side, va="center", color=INK, fontsize=12)
