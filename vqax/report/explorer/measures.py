"""The numbers per question by which a reader can sort and filter."""

from typing import Any

import pandas as pd

from vqax.metrics import MAP_METRICS
from vqax.report.explorer.content import ExplorerContent
from vqax.report.labels import label_of

ACCURACY = "accuracy_official"
UNCERTAINTIES = ("entropy", "aleatoric", "epistemic", "predictive", "evidential")
OTHERS = ("margin",)
DIGITS = 4


def measures(content: ExplorerContent) -> list[str]:
    """Those that any run has a number of: accuracy, uncertainties, agreement of maps."""
    columns = dict.fromkeys(str(column) for run in content.runs for column in run.answers)
    of_maps = [c for c in columns if c.endswith(tuple(f"_{name}" for name in MAP_METRICS))]
    of_maps.sort(key=lambda name: not name.startswith("attention_"))
    return [
        name
        for name in (ACCURACY, *UNCERTAINTIES, *OTHERS, *of_maps)
        if any(_measured(run.answers, name) for run in content.runs)
    ]


def described(measure: str) -> dict[str, Any]:
    """Key, name and kind of a measure for the page's menus."""
    label = label_of(measure)
    kind = "uncertainty" if measure in UNCERTAINTIES else ""
    if measure.endswith("_rank_correlation"):
        kind = "alignment"
    return {"key": measure, "name": label.name, "kind": kind, "meaning": label.meaning}


def values(answers: pd.DataFrame, measure: str) -> list[float | None] | None:
    """Per question, with ``DIGITS`` significant digits; None where nothing was measured."""
    if not _measured(answers, measure):
        return None
    return [
        None if pd.isna(value) else float(f"{value:.{DIGITS}g}")
        for value in answers[measure].astype(float)
    ]


def _measured(answers: pd.DataFrame, measure: str) -> bool:
    return measure in answers and bool(answers[measure].notna().any())
