"""Which number of a column is the best, and which differ from it: only where that may be said."""

import pandas as pd

from vqax.report.answer import REPORTED_AS, trainings
from vqax.report.content import ReportContent
from vqax.report.labels import label_of
from vqax.report.tables import comparable

BEST, DIFFERS = "best", "differs"


def marks(tidy: pd.DataFrame, content: ReportContent) -> dict[tuple[str, str], str]:
    """(row, metric) -> ``BEST`` or ``DIFFERS`` for one table.

    A column has a best number where its metric has a better side and its numbers are
    ``comparable``. A number differs from the best where the paired
    95 % interval of the two, over trainings and images, leaves out 0.
    """
    found: dict[tuple[str, str], str] = {}
    for metric, cells in tidy.dropna(subset="value").groupby("metric", sort=False):
        direction = label_of(str(metric)).direction
        if not direction or not comparable(cells):
            continue
        values = cells.set_index("row")["value"].astype(float)
        best = str(values.idxmax() if direction == "higher" else values.idxmin())
        found[best, str(metric)] = BEST
        for row in map(str, values.index.drop(best)):
            if _differ(row, best, str(cells["table"].iloc[0]), str(metric), content):
                found[row, str(metric)] = DIFFERS
    return found


def _differ(row: str, best: str, table: str, metric: str, content: ReportContent) -> bool:
    runs = {content.row_runs.get((table, name), "") for name in (row, best)}
    names = [paired for paired, reported in REPORTED_AS.items() if reported == metric]
    pairs = content.pairs
    chosen = pairs["metric"].isin(names) & pairs["run_a"].isin(runs) & pairs["run_b"].isin(runs)
    return len(runs) == 2 and any(
        trainings(pair, 1.0).enough and float(pair["ci_low"]) * float(pair["ci_high"]) > 0
        for _, pair in pairs[chosen].iterrows()
    )
