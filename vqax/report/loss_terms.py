"""The terms of the uncertainty losses, and the predicted variance, out of runs' histories."""

import pandas as pd

from vqax.report.frames import LOSS_COLUMNS
from vqax.report.tables import require

TERMS = {
    "variance": "predicted variance (squared logits)",
    "aul": "aleatoric loss (AUL)",
    "pul": "predictive loss (PUL)",
    "udl": "distorted loss (UDL)",
    "ve": "variance equaliser (VE)",
}


def from_history(history: pd.DataFrame) -> pd.DataFrame:
    """A frame of ``LOSS_COLUMNS`` from runs' histories (run, epoch, split, metric, value).

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
        for metric in TERMS
        if metric in wide
    ]
    found = pd.concat([part.dropna().reset_index() for part in parts]) if parts else pd.DataFrame()
    return found.reindex(columns=LOSS_COLUMNS).reset_index(drop=True)
