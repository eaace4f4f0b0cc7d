"""How the uncertainty losses and the predicted variance settle (U-CAM, Fig. 10)."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from vqax.report.cd_diagram import INK
from vqax.report.figures.style import (
    SMALL,
    Look,
    drawable,
    legend,
    legend_height,
    looks,
    new_figure,
    plain,
    title,
    wrapped,
)
from vqax.report.labels import spaced
from vqax.report.tables import require

COLUMNS = ["run", "epoch", "metric", "value", "lowest", "highest"]
NAMES = {
    "variance": "predicted variance (squared logits)",
    "aul": "aleatoric loss (AUL)",
    "pul": "predictive loss (PUL)",
    "udl": "distorted loss (UDL)",
    "ve": "variance equaliser (VE)",
}
ACROSS = 2
ACROSS_RUNS = 3
MANY = 5  # lines that one panel bears
WIDE = 30.0  # from this ratio on an axis is logarithmic


def from_history(history: pd.DataFrame) -> pd.DataFrame:
    """The frame of `draw_loss_variance` from runs' histories (run, epoch, split, metric, value).

    ``metric_min`` and ``metric_max`` of a training epoch become ``lowest`` and ``highest``.
    """
    require(history, ["run", "epoch", "split", "metric", "value"], "history")
    train = history[history["split"] == "train"]
    wide = train.pivot_table(
        index=["run", "epoch"], columns="metric", values="value", sort=False
    ).astype(float)
    parts = [
        pd.DataFrame(
            {
                "metric": metric,
                "value": wide[metric],
                "lowest": wide.get(f"{metric}_min", wide[metric]),
                "highest": wide.get(f"{metric}_max", wide[metric]),
            }
        )
        for metric in NAMES
        if metric in wide
    ]
    found = pd.concat([part.dropna().reset_index() for part in parts]) if parts else pd.DataFrame()
    return found.reindex(columns=COLUMNS).reset_index(drop=True)


def draw_loss_variance(frame: pd.DataFrame) -> Figure:
    """Each term over the epochs: the mean as a line, the range over the batches as a band.

    A panel per ``metric``; more than five runs are split
    over up to three. ``lowest`` and ``highest`` are the extremes among the batches of the epoch. A
    positive term that falls to a thirtieth has a logarithmic axis.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, COLUMNS, "loss_variance")
    metrics = list(dict.fromkeys(frame["metric"].astype(str)))
    look = looks(frame["run"].astype(str))
    groups = np.array_split(list(look), min(ACROSS_RUNS, math.ceil(len(look) / MANY)))
    panels = [(metric, list(group)) for metric in metrics for group in groups]
    across = len(groups) if len(groups) > 1 else min(ACROSS, len(metrics))
    down = math.ceil(len(panels) / across)
    figure = new_figure(2.05 * down + legend_height(look))
    grid = figure.subplots(down, across, squeeze=False, sharey="row" if len(groups) > 1 else "none")
    for axes, (metric, runs) in zip(grid.flat, panels, strict=False):
        of_metric = frame[frame["metric"] == metric]
        _panel(axes, of_metric[of_metric["run"].isin(runs)], look)
        if _falls_far(of_metric):
            axes.set_yscale("log")
            axes.yaxis.set_minor_formatter(NullFormatter())
        title(axes, wrapped(NAMES.get(metric, spaced(metric)), 110 // across, 2))
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_visible(False)
    legend(figure, look)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, look: dict[str, Look]) -> None:
    plain(axes, grid="y")
    for run, line in rows.groupby("run", sort=False):
        line = line.sort_values("epoch")
        epochs, value, lowest, highest = (
            line[name].to_numpy(dtype=float) for name in ("epoch", "value", "lowest", "highest")
        )
        own = look[str(run)]
        axes.fill_between(epochs, lowest, highest, color=own.colour, alpha=0.15, linewidth=0)
        axes.plot(epochs, value, color=own.colour, marker=own.marker, markersize=4, linewidth=1.4)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axes.set_xlabel("epoch", fontsize=SMALL, color=INK)


def _falls_far(rows: pd.DataFrame) -> bool:
    """Whether all values are positive and the largest is many times the smallest."""
    return bool(0.0 < WIDE * rows["lowest"].min() < rows["highest"].max())
