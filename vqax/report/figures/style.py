"""The look all figures share: ink, series that colour-blind readers tell apart, plain axes.

Colours are fixed in the files; ``PAGE`` maps them to the page's variables, so that a figure
inside the report follows its light or dark theme. Series differ by colour and
marker.
"""

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from vqax.errors import BadData
from vqax.report.cd_diagram import BAR, INK, QUIET
from vqax.report.labels import label_of
from vqax.report.tables import require

SERIES = (
    *("#0072b2", "#d55e00", "#009e73", "#c2639a"),
    *("#5c4400", "#5b3a9e", "#3fa3d6", "#6b6b6b"),
)
MARKERS = "osD^vPX*"
GOOD, BAD = SERIES[0], SERIES[1]
PAGE = {
    INK: "currentColor",
    QUIET: "var(--muted)",
    BAR: "var(--line-3)",
    **{colour: f"var(--figure-{i})" for i, colour in enumerate(SERIES)},
}
WIDTH_IN = 8.0
UNITLESS = {"", "fraction", "nan", None}
SMALL, NORMAL = 8, 9


@dataclass(frozen=True, slots=True)
class LineStyle:
    """Colour and marker of one series."""

    colour: str
    marker: str


def line_styles(names: Iterable[str]) -> dict[str, LineStyle]:
    """A look per name in their order; no two of the first 64 are alike."""
    return {
        name: LineStyle(SERIES[i % 8], MARKERS[(i + i // 8) % 8])
        for i, name in enumerate(dict.fromkeys(names))
    }


def new_figure(height_in: float) -> Figure:
    """An empty figure of the shared width that finds room for its own texts."""
    engine = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06)
    return Figure(figsize=(WIDTH_IN, height_in), dpi=150, layout=engine)


def plain(axes: Axes, *, grid: str = "") -> None:
    """Ink for what is read, quiet lines for what is looked past; ``grid`` is "x", "y" or ""."""
    axes.tick_params(colors=INK, labelsize=SMALL, length=2)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(QUIET)
    if grid:
        axes.grid(axis=grid, color=QUIET, alpha=0.25, linewidth=0.6)  # type: ignore[arg-type]
        axes.set_axisbelow(True)


def title(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", fontsize=NORMAL, color=INK)


def axis_names(axes: Axes, x: str = "", y: str = "") -> None:
    axes.set_xlabel(x, fontsize=SMALL, color=INK)
    axes.set_ylabel(y, fontsize=SMALL, color=INK)


def legend(figure: Figure, of: dict[str, LineStyle], *, line: bool = True) -> None:
    """The series below the panels, in as many columns as their names leave room for."""
    handles = [
        Line2D([], [], color=styles.colour, marker=styles.marker, linestyle="-" if line else "")
        for styles in of.values()
    ]
    named_below(figure, handles, list(of))


def named_below(figure: Figure, handles: Sequence[Artist], names: Sequence[str]) -> None:
    """A legend outside the panels, at the bottom."""
    figure.legend(
        handles,
        names,
        loc="outside lower left",
        ncols=_columns(names),
        fontsize=SMALL,
        labelcolor=INK,
        frameon=False,
        markerscale=0.9,
    )


def legend_height(names: Iterable[str]) -> float:
    """Inches that `legend` needs below the panels."""
    names = list(names)
    return 0.2 + 0.19 * math.ceil(len(names) / _columns(names))


def _columns(names: Sequence[str]) -> int:
    return max(1, min(6, int(105 / (max(map(len, names)) + 7))))


def drawable(frame: pd.DataFrame, columns: Sequence[str], figure: str) -> pd.DataFrame:
    """The frame, if it has the columns and a row.

    Raises:
        BadData: a column is missing, or there is nothing to draw.
    """
    require(frame, columns, f"figure {figure}")
    if frame.empty:
        raise BadData(f"figure {figure}: no rows to draw; measure the runs it is about first")
    return frame


def one_of(frame: pd.DataFrame, column: str, figure: str) -> str:
    """The only value of a column.

    Raises:
        BadData: there are several.
    """
    values = frame[column].unique()
    if len(values) != 1:
        raise BadData(
            f"figure {figure}: {len(values)} values of {column!r}, of which {values[0]!r} and "
            f"{values[1]!r}; draw one at a time"
        )
    return str(values[0])


def wrapped(text: str, width: int, lines: int = 3) -> str:
    """At most ``lines`` lines of ``width`` characters; what is cut off leaves an ellipsis.

    A dollar sign stays one: matplotlib would take a pair of them for mathematics.
    """
    broken = textwrap.wrap(text, width, max_lines=lines, placeholder=" …")
    return "\n".join(broken).replace("$", r"\$")


def axis_name(metric: str, unit: object = "") -> str:
    """``accuracy ↑ (points)``: name, arrow and unit, the stored unit where the label has none.

    The arrow is tied to the last word, so that it never stands alone on a line.
    """
    label = label_of(metric)
    unit = label.shown_in or ("" if unit in UNITLESS else str(unit))
    name = f"{label.name}\u00a0{label.arrow}".strip()
    return f"{name} ({unit})" if unit else name


def few_ticks(axis: Axis, count: int = 5) -> None:
    """Round numbers, at most ``count`` + 1 of them, so that they never touch."""
    axis.set_major_locator(MaxNLocator(nbins=count, steps=[1, 2, 5, 10]))
