"""Stage ``examine``: one experiment with trained classifiers that params.yaml asks for."""

from typing import Any

from project.params import Params, named
from project.workspace import Workspace
from stages.experiments import EXPERIMENTS


def run(params: Params, workspace: Workspace, name: str) -> dict[str, Any]:
    """Leave the Parquet files of experiment ``name`` in data/analyses/``name``."""
    options = named(params.experiments, name, "experiment", "params.yaml: experiments")
    experiment = named(EXPERIMENTS, name, "experiment", "stages.experiments.EXPERIMENTS")
    return experiment(params, workspace, **options)
