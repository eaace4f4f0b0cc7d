"""What a printed table holds, and the tables of a study as its stage ``compare`` left them."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from project.workspace import Workspace
from vqax.errors import MissingArtefact
from vqax.files import read_parquet

ACCURACIES = {
    f"accuracy_{kind}": f"accuracy_{kind}" for kind in ("all", "yes_no", "number", "other")
}
"""By type of answer, as most papers print it."""


class Table(NamedTuple):
    """A table: its caption, and printed metric -> the metric that measures it."""

    caption: str
    metrics: Mapping[str, str]


def same(*metrics: str) -> dict[str, str]:
    """Metrics that measure what is printed under their own names."""
    return {metric: metric for metric in metrics}


def read_tables(workspace: Workspace, study: str) -> pd.DataFrame:
    """All tables of a study, one below the other.

    Raises:
        MissingArtefact: there are none.
    """
    paths = sorted(workspace.tables(study).glob("*.parquet"))
    if not paths:
        raise MissingArtefact(
            f"{workspace.tables(study)}: no tables; run `vqax repro compare_{study}`, or give the "
            f"study some in params.yaml: studies.{study} where it has none"
        )
    return pd.concat([read_parquet(path) for path in paths], ignore_index=True)
