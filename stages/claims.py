"""Stage ``claims``: a verdict on every claim of the paper that a study tests."""

from typing import Any

import pandas as pd

import studies
from project.claim_sources import collect
from project.params import Params
from project.study import Measured
from project.workspace import Workspace
from vqax.claims.verdicts import Claims, judged
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.files import read_parquet, write_parquet


def claims(measured: Measured, ranks: pd.DataFrame, paper: str = "ucam") -> Claims:
    """Test every claim of a paper on the runs and analyses of a study."""
    params = measured.params
    return judged(
        published_claims(measured.workspace, paper),
        studies.claim_rules()[paper],
        collect(measured, ranks, studies.not_trained().get(paper, ())),
        seed=params.seed,
    )


def published_claims(workspace: Workspace, paper: str) -> pd.DataFrame:
    """The claims of one paper as its published/claims.csv lists them.

    Raises:
        MissingArtefact: there is no such file.
        BadData: it lists none.
    """
    path = workspace.published(paper) / "claims.csv"
    if not path.exists():
        raise MissingArtefact(f"{path}: no such file; restore it from git")
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    chosen = table[table["paper"] == paper].reset_index(drop=True)
    if chosen.empty:
        raise BadData(f"{path}: lists no claim of {paper}; restore the file from git")
    return chosen


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
    table["all_claims"] = pd.array([table["p"].notna().sum()] * len(table), dtype="Int64")
    details = (path.with_name(f"{path.stem}_{COMPARISONS}.parquet") for path in paths)
    comparisons = pd.concat(map(read_parquet, details), ignore_index=True)
    write_parquet(workspace.claims, table)
    write_parquet(workspace.claims.with_name("claim_comparisons.parquet"), comparisons)
    return _counts(table)


def _counts(table: pd.DataFrame) -> dict[str, Any]:
    counts: dict[str, Any] = table["verdict"].value_counts().to_dict()
    families = table[table["p"].notna()].groupby("paper", sort=False).size()
    return {**counts, "tested": {**families.to_dict(), "all papers": int(families.sum())}}
