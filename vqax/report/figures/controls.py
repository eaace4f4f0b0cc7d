"""What part of the gain comes from where: every control against the baseline (issue 3, part 2)."""

import pandas as pd
from matplotlib.figure import Figure

from vqax.report.answer import verdict
from vqax.report.cd_diagram import QUIET
from vqax.report.figures.dots import draw_dots
from vqax.report.figures.style import BAD, GOOD
from vqax.report.labels import label_of

COLUMNS = ["run", "metric", "difference", "ci_low", "ci_high", "n"]
COLOURS = {"better": GOOD, "higher": GOOD, "worse": BAD, "lower": BAD}


def draw_controls(frame: pd.DataFrame) -> Figure:
    """Difference from the baseline with its interval; a row per run, a panel per metric.

    ``run`` is what a reader sees; rows keep their order; ``difference`` is run − baseline, a
    fraction for accuracies, which are drawn in points. Blue is better, orange worse, grey
    undecided: the interval holds 0.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    return draw_dots(frame, "controls", row="run", value="difference", zero=True, colour=_colour)


def _colour(metric: str, low: float, high: float) -> str:
    return COLOURS.get(verdict(low, high, label_of(metric).direction), QUIET)
