"""Is uncertainty high where the answer is wrong? (U-CAM, Fig. 7 a and b, per run.)"""

import math

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from vqax.metrics.ties import right_answers
from vqax.report.cd_diagram import INK
from vqax.report.figures.dots import empty_note
from vqax.report.figures.style import (
    BAD,
    GOOD,
    SMALL,
    axis_names,
    drawable,
    named_below,
    new_figure,
    plain,
    title,
    wrapped,
)
from vqax.report.numbers import number
from vqax.stats.contrast import correlation

ERROR_COLUMNS = ["run", "predictive", "nll_of_error"]
HISTOGRAM_COLUMNS = ["run", "accuracy_official", "predictive", "nll_of_error"]
ACROSS = 3
GROUPS = 10
BINS = 30
UNCERTAINTY = "predictive uncertainty (nats)"
ERROR = "classification error\nlog 1/(1−p) (nats)"
NOT_MEASURED = "not measured"


def draw_uncertainty_error(frame: pd.DataFrame) -> Figure:
    """Classification error over predictive uncertainty, a panel per run on shared axes.

    Grey cells count questions; the line joins the mean errors of ten equally large groups of
    questions by uncertainty, with 95 % intervals (± 1.96 standard errors of the mean).
    ``frame`` has a row per question and run; ``run`` is what a reader sees. Questions without
    either number are left out.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, ERROR_COLUMNS, "uncertainty_error")
    known = frame[np.isfinite(frame[ERROR_COLUMNS[1:]]).all(axis=1)]
    runs = list(dict.fromkeys(frame["run"]))
    across = min(ACROSS, len(runs))
    down = math.ceil(len(runs) / across)
    figure = new_figure(2.3 * down + 0.4)
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    top = float(known["nll_of_error"].quantile(0.995)) if len(known) else 1.0
    for axes, run in zip(grid.flat, runs, strict=False):
        of_run = known[known["run"] == run]
        numbers = of_run[ERROR_COLUMNS[1:]].to_numpy(dtype=float)
        _panel(axes, numbers[:, 0], numbers[:, 1], (72 // across, 14))
        title(axes, f"{wrapped(str(run), 102 // across, 2)}\n{_correlation(of_run)}")
        axes.set_ylim(0, 1.08 * top)
    for axes in list(grid.flat)[len(runs) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel(ERROR, fontsize=SMALL, color=INK)
    for column in range(across):
        _lowest(grid[:, column]).set_xlabel(UNCERTAINTY, fontsize=SMALL, color=INK)
        _lowest(grid[:, column]).tick_params(labelbottom=True)
    return figure


def _lowest(column: np.ndarray) -> Axes:
    """The last visible panel of a column."""
    return next(axes for axes in column[::-1] if axes.get_visible())


def _panel(axes: Axes, uncertainty: np.ndarray, error: np.ndarray, cells: tuple[int, int]) -> None:
    plain(axes)
    if not len(uncertainty):
        empty_note(axes, NOT_MEASURED)
        return
    drawn = axes.hexbin(uncertainty, error, gridsize=cells, mincnt=1, linewidths=0)
    counts = np.asarray(drawn.get_array())
    share = counts / counts.max()
    drawn.set_array(None)
    drawn.set_facecolor([(INK, 0.08 + 0.5 * math.sqrt(one)) for one in share])
    x, y, half = group_means(uncertainty, error)
    axes.errorbar(
        x, y, yerr=half, color=BAD, marker="o", markersize=3.5, linewidth=1.5, capsize=1.5
    )


def group_means(
    x: Float[np.ndarray, "n"], y: Float[np.ndarray, "n"], groups: int = GROUPS
) -> tuple[Float[np.ndarray, "k"], Float[np.ndarray, "k"], Float[np.ndarray, "k"]]:
    """Means of x and y in equally large groups by x, and 1.96 standard errors of those of y.

    Sizes differ by one at most; fewer values than groups make a group each. The half width of
    a group of one is NaN.
    """
    parts = np.array_split(np.argsort(x, kind="stable"), min(groups, len(x)))
    spread = [np.std(y[part], ddof=1) if len(part) > 1 else np.nan for part in parts]
    half = 1.96 * np.array(spread) / np.sqrt([len(part) for part in parts])
    return (
        np.array([x[part].mean() for part in parts]),
        np.array([y[part].mean() for part in parts]),
        half,
    )


def _correlation(of_run: pd.DataFrame) -> str:
    columns = (of_run[name].to_numpy(float) for name in ("predictive", "nll_of_error"))
    return f"rank correlation {number(correlation(*columns), 2)}"


def draw_uncertainty_histograms(frame: pd.DataFrame) -> Figure:
    """Uncertainty, and classification error, of right and of wrong answers; a row per run.

    An answer is right from an official accuracy of .5 on, as for the AUROC. Each histogram is
    the share of its own answers, so that many right answers do not dwarf few wrong ones; the
    bins of a column are the same for all runs.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, HISTOGRAM_COLUMNS, "uncertainty_histograms")
    runs = list(dict.fromkeys(frame["run"]))
    figure = new_figure(1.25 * len(runs) + 0.9)
    grid = figure.subplots(len(runs), 2, sharex="col", sharey="col", squeeze=False)
    for column, (value, name) in enumerate(
        [("predictive", UNCERTAINTY), ("nll_of_error", ERROR.replace("\n", " "))]
    ):
        bins = _bins(frame[value].to_numpy(dtype=float))
        for axes, run in zip(grid[:, column], runs, strict=True):
            _histogram(axes, frame[frame["run"] == run], value, bins)
            if column == 0:
                title(axes, wrapped(run, 60, 1))
                axes.set_ylabel("share", fontsize=SMALL, color=INK)
        axis_names(grid[-1, column], name, "share" if column == 0 else "")
    handles = [Patch(color=GOOD, alpha=0.5), Patch(fill=False, edgecolor=BAD, linewidth=1.6)]
    named_below(figure, handles, ["right answers", "wrong answers"])
    return figure


def _bins(values: np.ndarray) -> np.ndarray:
    """Equal bins up to the 99.5 % quantile; what lies beyond is counted in the last."""
    known = values[np.isfinite(values)]
    high = float(np.quantile(known, 0.995)) if len(known) else 1.0
    return np.linspace(0.0, high or 1.0, BINS + 1)


def _histogram(axes: Axes, rows: pd.DataFrame, value: str, bins: np.ndarray) -> None:
    plain(axes)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3))
    values = rows[value].to_numpy(dtype=float)
    right = right_answers(rows["accuracy_official"].to_numpy(dtype=float))
    if not np.isfinite(values).any():
        empty_note(axes, NOT_MEASURED)
    for chosen, outline in ((right, False), (~right, True)):
        own = np.clip(values[chosen & np.isfinite(values)], bins[0], bins[-1])
        if len(own):
            axes.hist(
                own,
                bins=list(bins),
                weights=np.full(len(own), 1 / len(own)),
                histtype="step" if outline else "stepfilled",
                color=BAD if outline else GOOD,
                alpha=1.0 if outline else 0.5,
                linewidth=1.6 if outline else 0.0,
            )
