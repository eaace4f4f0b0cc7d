"""Stage ``analyse``: one analysis of trained runs that params.yaml asks for."""

from typing import Any

import studies
from project.params import Params, named
from project.workspace import Workspace

FOR_DVC = ("features", "study", "group")


def run(params: Params, workspace: Workspace, name: str) -> dict[str, Any]:
    """Leave the Parquet files of analysis ``name`` in data/analyses/``name``."""
    options = named(
        params.all_analyses, name, "analysis", "params.yaml: analyses and region_analyses"
    )
    analysis = named(studies.analyses(), name, "analysis", "studies")
    return analysis(params, workspace, **own_options(options))


def own_options(options: dict[str, Any]) -> dict[str, Any]:
    """Without the keys that only say in dvc.yaml what the stage depends on."""
    return {key: value for key, value in options.items() if key not in FOR_DVC}
