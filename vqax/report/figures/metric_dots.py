"""A metric of several runs side by side, for figures whose point is which run is ahead."""

import pandas as pd
from matplotlib.figure import Figure

from vqax.report.figures.dots import draw_dots, one_colour


def draw_metric_dots(frame: pd.DataFrame) -> Figure:
    """Value with its interval; a row per run, a panel per metric, each on its own scale.

    The columns are those of a metrics.parquet; ``run`` is what a reader sees. Accuracies are
    fractions and drawn in points.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    return draw_dots(frame, "metric_dots", row="run", value="value", zero=False, colour=one_colour)
