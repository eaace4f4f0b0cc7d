"""What a classifier says to images of another kind (EDL figures 3 and 4)."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.figure import Figure

from vqax.report.figures.style import (
    GOOD,
    axis_names,
    drawable,
    legend_height,
    line_styles,
    named_below,
    new_figure,
    plain,
    title,
)

EXAMPLE_COLUMNS = ["run", "answer", "probability", "uncertainty"]
HISTOGRAM_COLUMNS = ["run", "kind", "uncertainty"]
BINS = np.linspace(0, 1, 21)


def draw_ood_example(frame: pd.DataFrame, *, image: Float[np.ndarray, "y x"]) -> Figure:
    """The image, and a panel per run with the probability of each class.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, EXAMPLE_COLUMNS, "ood_example")
    runs = list(dict.fromkeys(frame["run"].astype(str)))
    figure = new_figure(2.0)
    grid = figure.subplots(1, len(runs) + 1, width_ratios=[0.8, *[1] * len(runs)], squeeze=False)[0]
    grid[0].imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    grid[0].axis("off")
    for axes, run in zip(grid[1:], runs, strict=True):
        rows = frame[frame["run"] == run]
        plain(axes, grid="y")
        axes.bar(rows["answer"].astype(str), rows["probability"], color=GOOD)
        axes.set_ylim(0, 1)
        title(axes, f"{run}\nuncertainty {rows['uncertainty'].iloc[0]:.2f}")
        axis_names(axes, "answer", "probability" if run == runs[0] else "")
    return figure


def draw_ood_histograms(frame: pd.DataFrame) -> Figure:
    """A panel per run: how uncertain it is of each kind of images, as shares of the kind.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, HISTOGRAM_COLUMNS, "ood_histograms")
    runs = list(dict.fromkeys(frame["run"].astype(str)))
    styles = line_styles(frame["kind"].astype(str))
    figure = new_figure(2.2 + legend_height(styles))
    handles: list[Any] = []
    for axes, run in zip(
        figure.subplots(1, len(runs), sharey=True, squeeze=False)[0], runs, strict=True
    ):
        plain(axes, grid="y")
        handles = []
        for kind, rows in frame[frame["run"] == run].groupby("kind", sort=False):
            counts, _ = np.histogram(rows["uncertainty"], BINS)
            handles.append(
                axes.stairs(
                    100 * counts / len(rows), BINS, color=styles[str(kind)].colour, linewidth=1.6
                )
            )
        title(axes, run)
        axis_names(axes, "uncertainty", "share of the images (%)" if run == runs[0] else "")
    named_below(figure, handles, list(styles))
    return figure
