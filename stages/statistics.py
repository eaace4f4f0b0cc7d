"""``vqax data statistics``: what a generated data set is like, as a table."""

from typing import Any

from stages.params import Params, named
from stages.workspace import Workspace
from vqax.data.statistics import statistics


def run(params: Params, workspace: Workspace, name: str) -> dict[str, Any]:
    """Answers per type, human accuracy and agreement, prior strength; by split and group."""
    spec = named(params.datasets, name, "data set", "params.yaml: datasets")
    table = statistics(workspace.root / spec.root)
    return {
        " ".join(filter(None, (row.split, row.metric, row.group))): round(float(row.value), 4)
        for row in table.itertuples()
    }
