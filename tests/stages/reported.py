"""Claims judged on numbers given by hand: those the papers print, or made-up ones."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from project.workspace import Workspace
from stages.claims import published_claims
from studies import claim_rules
from tests.stages.tiny import ROOT
from vqax.claims.sources import Sources
from vqax.claims.verdicts import judged
from vqax.report.tables import published_table

QUESTIONS = 12
Value = float | Sequence[float] | np.ndarray
NO_RANKS = pd.DataFrame(columns=["set", "measure", "run", "mean_rank", "n_blocks", "k", "cd"])


def reported(table: str) -> pd.DataFrame:
    """A published table, as ``vqax.report.tables.published_table`` reads it."""
    paper, _, name = table.partition("/")
    return published_table(ROOT / "studies" / paper / "published" / f"table_{name}.csv")


def verdicts(
    paper: str,
    values: Mapping[tuple[str, str], Value],
    rows: Mapping[str, Mapping[str, str]] | None = None,
    questions: int = QUESTIONS,
) -> pd.DataFrame:
    """The claims of a paper by their id, each question about an image of its own.

    ``values`` are by source and column, repeated until every question has one.
    """
    ids = pd.DataFrame({"question_id": range(questions), "image_id": range(questions)})
    tables: dict[str, pd.DataFrame] = {}
    for (source, column), value in values.items():
        each = np.resize(np.atleast_1d(np.asarray(value, dtype=np.float64)), questions)
        tables[source] = tables.get(source, ids).assign(**{column: each})
    sources = Sources(values=tables, rows=rows or {}, ranks=NO_RANKS)
    claims = published_claims(Workspace(ROOT), paper)
    found = judged(claims, claim_rules()[paper], sources, seed=0).claims
    return found.set_index("claim_id")


def rotated(values: Mapping[tuple[str, str], Value]) -> dict[tuple[str, str], Value]:
    """Every number with the other sign: what was larger is smaller."""
    return {key: -np.asarray(value, dtype=np.float64) for key, value in values.items()}
