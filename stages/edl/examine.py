"""Stage ``examine``: one experiment with trained classifiers that params.yaml asks for."""

from typing import Any

from stages.edl import EXPERIMENTS
from stages.params import Params, named
from stages.workspace import Workspace


def run(params: Params, workspace: Workspace, name: str) -> dict[str, Any]:
    """Leave the Parquet files of experiment ``name`` in data/analyses/``name``."""
    options = named(params.experiments, name, "experiment", "params.yaml: experiments")
    experiment = named(EXPERIMENTS, name, "experiment", "stages.edl.EXPERIMENTS")
    return experiment(params, workspace, **options)
