"""Stage ``claims``: a verdict on every claim of the paper that a study tests."""

from typing import Any

import pandas as pd

from project.params import Params
from project.study import Measured
from project.workspace import Workspace
from stages.claims import claims
from vqax.errors import UsageError
from vqax.files import read_parquet, write_parquet

COMPARISONS = "comparisons"


def run(params: Params, workspace: Workspace, study: str) -> dict[str, Any]:
    """Write results/claims/``study``.parquet, a row per claim, and its comparisons beside it.

    Raises:
        UsageError: the study tests no claims.
    """
    paper = params.study(study).report.claims
    if paper is None:
        raise UsageError(
            f"params.yaml: study {study} tests the claims of no paper; name one as `claims` in "
            "its report"
        )
    ranks = read_parquet(workspace.significance(study) / "ranks.parquet")
    found = claims(Measured(params, workspace, study), ranks, paper)
    path = workspace.claims_of(study)
    write_parquet(path, found.claims)
    write_parquet(path.with_name(f"{study}_{COMPARISONS}.parquet"), found.comparisons)
    return _counts(found.claims)


def gather(params: Params, workspace: Workspace) -> dict[str, Any]:
    """Write results/claims.parquet and claim_comparisons.parquet: all studies, one below another.

    Raises:
        UsageError: no study tests any claims.
        MissingArtefact: the claims of a study were not tested yet.
    """
    studies = [name for name, study in params.studies.items() if study.report.claims is not None]
    if not studies:
        raise UsageError(
            "params.yaml: no study tests the claims of a paper; name one as `claims` in the "
            "report of a study"
        )
    paths = [workspace.claims_of(name) for name in studies]
    table = pd.concat(map(read_parquet, paths), ignore_index=True)
    details = (path.with_name(f"{path.stem}_{COMPARISONS}.parquet") for path in paths)
    comparisons = pd.concat(map(read_parquet, details), ignore_index=True)
    write_parquet(workspace.claims, table)
    write_parquet(workspace.claims.with_name("claim_comparisons.parquet"), comparisons)
    return _counts(table)


def _counts(table: pd.DataFrame) -> dict[str, Any]:
    counts: dict[str, int] = table["verdict"].value_counts().to_dict()
    return counts
