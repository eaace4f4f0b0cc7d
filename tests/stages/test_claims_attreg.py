"""AttReg's claims: the rules ask what the paper prints, and find in print what its status says."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.claims import judged, published_claims
from stages.claims.attreg import RULES
from stages.claims.rules import Row
from stages.claims.sources import Sources
from stages.workspace import Workspace
from tests.stages.tiny import ROOT
from vqax.report.tables import published_table

IDS = {"question_id": range(12), "image_id": range(12)}
TABLES = ("attreg/1", "attreg/2", "attreg/3", "attreg/4", "attreg/5", "attreg/6", "attreg/7")
NO_RANKS = pd.DataFrame(columns=["set", "measure", "run", "mean_rank", "n_blocks", "k", "cd"])


def printed(table: str) -> pd.DataFrame:
    return published_table(ROOT / "data" / "published" / f"{table.replace('/', '_table_')}.csv")


def sides() -> list[Any]:
    return [
        side.source
        for rule in RULES.values()
        for comparison in rule.comparisons
        for side in comparison.sides
    ]


def test_every_claim_has_a_rule() -> None:
    assert list(published_claims(Workspace(ROOT), "attreg")["claim_id"]) == list(RULES)


def test_rows_of_the_rules_are_printed() -> None:
    known = {(table, row) for table in TABLES for row in printed(table)["row"]}
    assert {tuple(one) for one in sides() if isinstance(one, Row)} <= known


def test_runs_and_analyses_of_the_rules_are_in_the_settings() -> None:
    settings = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    runs = {**settings["runs"], **settings["fine_tuned"]}
    for one in sides():
        if isinstance(one, Row):
            continue
        name, slash, row = one.partition("/")
        if not slash:
            assert one in runs
        elif name in ("domains", "key_attention"):
            analysis = settings["region_analyses"][name]
            asked = analysis["runs"] + analysis.get("sets", [])
            assert row.removesuffix("_in") in asked, one
        else:
            assert name == "faithfulness"


def as_printed() -> Sources:
    """Twelve questions of each printed row, all with its numbers but for a little noise."""
    values, rows = {}, {}
    noise = np.random.default_rng(0).normal(scale=1e-6, size=12)
    for table in TABLES:
        for row, numbers in printed(table).groupby("row", sort=False):
            name = f"{table}: {row}"
            rows.setdefault(table, {})[row] = name
            columns = dict(zip(numbers["metric"], numbers["value"] / 100, strict=True))
            columns["accuracy_official"] = columns.get("accuracy_all", np.nan)
            values[name] = pd.DataFrame(IDS).assign(
                **{metric: value + noise for metric, value in columns.items()}
            )
    return Sources(values=values, rows=rows, ranks=NO_RANKS)


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    claims = published_claims(Workspace(ROOT), "attreg")
    return judged(claims, RULES, as_printed(), samples=50, seed=0).claims.set_index("claim_id")


@pytest.mark.parametrize("claim", [name for name in RULES if name <= "A17"] + ["A21", "A22", "A25"])
def test_in_print_a_claim_comes_out_as_its_status_says(found: pd.DataFrame, claim: str) -> None:
    row = found.loc[claim]
    if row["verdict"] == "not testable here":
        pytest.fail(row["reason"])
    holds = row["published_status"].startswith("holds")
    assert (row["verdict"] == "holds") is holds, row["deciding"]


def test_claims_about_figures_need_the_runs(found: pd.DataFrame) -> None:
    for claim in ("A18", "A19", "A20", "A23", "A24", "A26", "A27", "A28", "A29", "A30", "A31"):
        assert found.loc[claim, "verdict"] == "not testable here"
