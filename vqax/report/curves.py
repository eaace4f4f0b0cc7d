"""Training curves as small multiples: one SVG per run; losses, accuracy, then the rest."""

import io
from dataclasses import dataclass

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vqax.report.labels import spaced
from vqax.report.svg import inline_svg, well_formed
from vqax.report.tables import require

INK = "#0d0e0f"
SERIES = [f"#0000c{i:x}" for i in range(10)]
PAGE = {INK: "currentColor", **{colour: f"var(--line-{i})" for i, colour in enumerate(SERIES)}}
OTHER = SERIES[-1]
LOSS_TERMS = {"aul", "pul", "ul", "ve", "udl"}
DASHES = {"train": "-", "val": "--"}
WIDTH_IN = 3.3
PANEL_IN = 1.5
FLAT = 1e-4  # an axis spans at least this share of its numbers


@dataclass(frozen=True, slots=True)
class TrainingCurves:
    """Inline SVG per run; losses and accuracies with the CSS colour of their lines."""

    panels: dict[str, str]
    legend: tuple[tuple[str, str], ...]


def training_curves(history: pd.DataFrame) -> TrainingCurves:
    """Draw the history (run, epoch, split, metric, value) of every run.

    A metric has the same colour in all runs. The accuracy axis is shared by all runs; the loss
    axis is each run's own, since runs minimise different sums. What is neither loss nor accuracy
    (a variance, say) has another unit, hence a panel of its own under its name.

    Raises:
        BadData: a column is missing.
    """
    require(history, ["run", "epoch", "split", "metric", "value"], "history")
    metrics = [m for m in dict.fromkeys(map(str, history["metric"])) if panel_of(m) in PANELS]
    metrics.sort(key=lambda metric: not is_accuracy(metric))
    colours = {metric: SERIES[i % (len(SERIES) - 1)] for i, metric in enumerate(metrics)}
    limits = _accuracy_limits(history)
    panels = {
        str(run): _draw(str(run), i, of_run, colours, limits)
        for i, (run, of_run) in enumerate(history.groupby("run", sort=False))
    }
    return TrainingCurves(panels, tuple((metric, PAGE[colours[metric]]) for metric in metrics))


def is_accuracy(metric: str) -> bool:
    return metric.startswith("accuracy")


PANELS = ("loss", "accuracy")


def panel_of(metric: str) -> str:
    """The title of the panel a metric is drawn in."""
    if is_accuracy(metric):
        return "accuracy"
    return "loss" if metric.endswith("loss") or metric in LOSS_TERMS else spaced(metric)


def _accuracy_limits(history: pd.DataFrame) -> tuple[float, float]:
    values = history.loc[history["metric"].map(is_accuracy), "value"].dropna()
    if values.empty:
        return 0.0, 1.0
    margin = 0.05 * max(float(values.max() - values.min()), 0.02)
    return float(values.min()) - margin, float(values.max()) + margin


def _draw(
    run: str, index: int, of_run: pd.DataFrame, colours: dict[str, str], limits: tuple[float, float]
) -> str:
    panel = of_run["metric"].map(panel_of)
    titles = dict.fromkeys([*PANELS, *panel])
    groups = [(title, of_run[panel == title]) for title in titles if (panel == title).any()]
    figure = Figure(figsize=(WIDTH_IN, PANEL_IN * len(groups) + 0.35), layout="constrained")
    panels = figure.subplots(len(groups), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, rows) in zip(panels, groups, strict=True):
        _lines(axes, rows, colours)
        _style(axes, name)
        if name == "accuracy":
            axes.set_ylim(*limits)
    panels[-1].set_xlabel("epoch", color=INK, fontsize=8)
    title = f"Training curves of {run}"
    return inline_svg(to_svg(figure), prefix=f"curve{index}-", title=title, colours=PAGE)


def _lines(axes: Axes, rows: pd.DataFrame, colours: dict[str, str]) -> None:
    for (metric, split), line in rows.groupby(["metric", "split"], sort=False):
        line = line.sort_values("epoch")
        axes.plot(
            line["epoch"].to_numpy(),
            line["value"].to_numpy(),
            DASHES.get(str(split), ":"),
            color=colours.get(str(metric), OTHER),
            linewidth=1.6,
            marker="o" if len(line) == 1 else None,
            markersize=3,
        )
    _no_closer_than(axes, FLAT)


def _no_closer_than(axes: Axes, share: float) -> None:
    """A line that is constant but for rounding is drawn as flat: the axis spans some of it."""
    low, high = axes.get_ylim()
    least = share * max(abs(low), abs(high))
    if high - low < least:
        middle = (low + high) / 2
        axes.set_ylim(middle - least / 2, middle + least / 2)


def _style(axes: Axes, name: str) -> None:
    axes.set_title(name, loc="left", fontsize=8, color=INK)
    axes.tick_params(colors=INK, labelsize=7, length=2)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.grid(axis="y", color=INK, alpha=0.13, linewidth=0.6)
    axes.patch.set_visible(False)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(INK)


def to_svg(figure: Figure) -> str:
    """The figure as SVG text with real text in it, the same bytes for the same figure."""
    buffer = io.StringIO()
    figure.patch.set_visible(False)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "vqax"}):
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(buffer, format="svg", metadata=nothing)
    return well_formed(buffer.getvalue())
