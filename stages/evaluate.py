"""Stage ``evaluate``: one experiment with trained classifiers that params.yaml asks for."""

from typing import Any

import studies
from project.params import Params, named
from project.workspace import Workspace


def run(params: Params, workspace: Workspace, name: str) -> dict[str, Any]:
    """Leave the Parquet files of experiment ``name`` in data/analyses/``name``."""
    options = named(params.experiments, name, "experiment", "params.yaml: experiments")
    experiment = named(studies.experiments(), name, "experiment", "studies")
    return experiment(params, workspace, **options)
