"""Stage ``analyse``: one analysis of trained runs that params.yaml asks for."""

from typing import Any

from stages.analyses import ANALYSES
from stages.params import Params, named
from stages.workspace import Workspace


def run(params: Params, workspace: Workspace, name: str) -> dict[str, Any]:
    """Leave the Parquet files of analysis ``name`` in data/analyses/``name``."""
    options = named(params.analyses, name, "analysis", "params.yaml: analyses")
    analysis = named(ANALYSES, name, "analysis", "stages.analyses.ANALYSES")
    return analysis(params, workspace, **options)
