"""``vqax data statistics``: what a generated data set is like, as a table."""

from typing import Any

from project.params import Params, named
from project.workspace import Workspace
from vqax.data.statistics import statistics


def run(params: Params, workspace: Workspace, name: str) -> dict[str, Any]:
    """Answers per type, human accuracy and agreement, prior strength; by split and group."""
    spec = named(params.datasets, name, "data set", "params.yaml: datasets")
    splits = [split for split in (spec.train, spec.test) if split is not None]
    images = None if spec.images is None else workspace.root / spec.images
    table = statistics(
        workspace.root / spec.root, splits, images, spec.version, answers=spec.answers_per_question
    )
    return {
        " ".join(filter(None, (row.split, row.metric, row.group))): round(float(row.value), 4)
        for row in table.itertuples()
    }
