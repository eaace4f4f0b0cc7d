"""Stage ``claims``: a verdict on every claim of the papers that a study tests."""

from typing import Any

import pandas as pd

from stages.claims import claims
from stages.params import Params
from stages.study import Measured
from stages.workspace import Workspace
from vqax.errors import UsageError
from vqax.files import read_parquet, write_parquet


def run(params: Params, workspace: Workspace) -> dict[str, Any]:
    """Write results/claims.parquet, a row per claim, and claim_comparisons.parquet.

    Raises:
        UsageError: no study tests any claims.
    """
    found = []
    for name, study in params.studies.items():
        if study.report.claims is not None:
            ranks = read_parquet(workspace.significance(name) / "ranks.parquet")
            measured = Measured(params, workspace, name)
            found.append(claims(measured, ranks, study.report.claims))
    if not found:
        raise UsageError(
            "params.yaml: no study tests the claims of a paper; name one as `claims` in the "
            "report of a study"
        )
    table = pd.concat([one.claims for one in found], ignore_index=True)
    comparisons = pd.concat([one.comparisons for one in found], ignore_index=True)
    write_parquet(workspace.claims, table)
    write_parquet(workspace.claims.with_name("claim_comparisons.parquet"), comparisons)
    counts: dict[str, int] = table["verdict"].value_counts().to_dict()
    return counts
