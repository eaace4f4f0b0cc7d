"""AttReg's claims: the rules ask what the paper prints, and find in print what its status says."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from project.settings_files import read_whole
from project.workspace import Workspace
from stages.claims import published_claims
from studies.attreg.claims import NOT_RUN, RULES
from tests.stages.reported import NO_RANKS, reported, rotated, verdicts
from tests.stages.tiny import ROOT
from vqax.claims.rules import Row
from vqax.claims.sources import Sources
from vqax.claims.verdicts import judged

IDS = {"question_id": range(12), "image_id": range(12)}
TABLES = ("attreg/1", "attreg/2", "attreg/3", "attreg/4", "attreg/5", "attreg/6", "attreg/7")


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
    known = {(table, row) for table in TABLES for row in reported(table)["row"]}
    assert {tuple(one) for one in sides() if isinstance(one, Row)} <= known


def test_runs_and_analyses_of_the_rules_are_in_the_settings() -> None:
    settings = read_whole(ROOT / "params.yaml")
    runs = settings["runs"]
    for one in sides():
        if isinstance(one, Row):
            continue
        name, slash, row = one.partition("/")
        if not slash:
            assert one in runs or one in NOT_RUN
        elif name in ("domains", "key_attention"):
            analysis = settings["region_analyses"][name]
            asked = analysis["runs"] + analysis.get("sets", [])
            assert row.removesuffix("_in") in asked, one
        else:
            assert name == "faithfulness"


def test_runs_that_vary_how_many_key_objects_have_so_many_mined() -> None:
    """Boxes of one category are equals, of which the released threshold keeps all that were."""
    settings = read_whole(ROOT / "params.yaml")
    panel = settings["studies"]["attreg"]["report"]["figures"]["choices"]["panels"]
    for run, number in panel["key objects M"].items():
        mined = settings["runs"][run]["key_objects"]
        assert settings["key_objects"][mined]["top"] == number, run


def as_reported() -> Sources:
    """Twelve questions of each printed row, all with its numbers but for a little noise."""
    values, rows = {}, {}
    noise = np.random.default_rng(0).normal(scale=1e-6, size=12)
    for table in TABLES:
        for row, numbers in reported(table).groupby("row", sort=False):
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
    return judged(claims, RULES, as_reported(), seed=0).claims.set_index("claim_id")


@pytest.mark.parametrize(
    "claim", [n for n in RULES if n <= "A17" and n != "A07"] + ["A21", "A22", "A25"]
)
def test_in_print_a_claim_comes_out_as_its_status_says(found: pd.DataFrame, claim: str) -> None:
    row = found.loc[claim]
    if row["verdict"] == "not testable here":
        pytest.fail(row["reason"])
    holds = row["reported_status"].startswith("supported")
    assert (row["verdict"] == "supported") is holds, row["deciding"]


def test_claims_about_figures_need_the_runs(found: pd.DataFrame) -> None:
    for claim in ("A18", "A19", "A20", "A23", "A24", "A26", "A27", "A28", "A29", "A30", "A31"):
        assert found.loc[claim, "verdict"] == "not testable here"


SHARE = {
    str(cell.row): cell.value / 100
    for cell in reported("attreg/6").query("metric == 'key_object_sample_ratio'").itertuples()
}


def of(column: str, **values: float) -> dict[tuple[str, str], Any]:
    """A value of each source; ``__`` stands for the slash in its name."""
    return {(source.replace("__", "/"), column): value for source, value in values.items()}


def in_order(column: str, start: str, count: int) -> dict[tuple[str, str], Any]:
    """``start``1 above ``start``2 and so on."""
    return {(f"{start}{place}", column): -float(place) for place in range(1, count + 1)}


ACCURACY = "accuracy_official"
RUNS = {
    "attreg/1": {
        "UpDn (2018) [2] (2) | vqa_cp_v2 test": "updn",
        "UpDn (2018) [2] (2) | vqa_v2 val": "updn_v2",
        "UpDn-AttReg (Ours) | vqa_cp_v2 test": "updn_attreg",
        "UpDn-AttReg (Ours) | vqa_v2 val": "updn_attreg_v2",
    }
}
FIGURES: dict[str, dict[tuple[str, str], Any]] = {
    "A18": {
        **of(ACCURACY, updn=0.1, updn_attreg_lambda_05=0.2, updn_attreg=0.3),
        **of(ACCURACY, updn_attreg_lambda_2=0.4, updn_attreg_lambda_5=0.5),
        **of(ACCURACY, updn_attreg_lambda_20=0.6, updn_v2=0.5, updn_attreg_v2=0.6),
        **of(ACCURACY, domains__updn_attreg_lambda_05_in=0.6, domains__updn_attreg_in=0.5),
        **of(ACCURACY, domains__updn_attreg_lambda_2_in=0.4, domains__updn_in=0.45),
        **of(ACCURACY, domains__updn_attreg_lambda_5_in=0.3),
        **of(ACCURACY, domains__updn_attreg_lambda_20_in=0.2),
    },
    "A19": {
        **of(ACCURACY, lmh_attreg_top_1=0.1, lmh_attreg_top_2=0.2, lmh_attreg_top_3=0.25),
        **of(ACCURACY, lmh_attreg_top_4=0.28, lmh_attreg=0.4, lmh_attreg_top_6=0.3),
    },
    "A20": {
        **of(ACCURACY, lmh_attreg_keep_25=0.1, lmh_attreg_keep_14=0.2),
        **of(ACCURACY, lmh_attreg=0.3, lmh_attreg_keep_4=0.4),
    },
    "A23": of(
        "has_key_objects",
        key_attention__cp_v2=SHARE["UpDn-AttReg | sigma=0.6"],
        key_attention__cp_v2_08=SHARE["UpDn-AttReg | sigma=0.8"],
        key_attention__cp_v2_10=SHARE["UpDn-AttReg | sigma=1.0"],
    ),
    "A24": {
        **of("ignored_key_objects", key_attention__lmh=0.5, key_attention__lmh_attreg=0.3),
        **of("ignored_key_objects", key_attention__lmh_tuned=0.6),
        **of("ignored_key_objects", key_attention__lmh_rand_mask=0.7),
    },
    "A26": of(
        "key_share_where_ignored",
        key_attention__updn_attreg=0.33,
        key_attention__updn=0.0,
        key_attention__updn_tuned=0.1,
    ),
    "A28": in_order(ACCURACY, "faithfulness/attention_part_", 10),
    "A29": of(
        ACCURACY,
        faithfulness__region_grad_cam_part_10=0.6,
        faithfulness__region_grad_cam_part_1=0.4,
        faithfulness__region_grad_cam_part_6=0.2,
    ),
    "A30": in_order("tvd", "faithfulness/attention_rank_", 36),
    "A31": {
        ("faithfulness/attention", "tvd_rank_correlation"): 0.7,
        ("faithfulness/region_grad_cam", "tvd_rank_correlation"): -0.1,
        ("faithfulness/attention", "tvd_low_ranks"): 0.01,
        ("faithfulness/region_grad_cam", "tvd_low_ranks"): 0.03,
    },
}


@pytest.mark.parametrize("claim", FIGURES)
def test_claims_about_figures_have_their_direction(claim: str) -> None:
    found = verdicts("attreg", FIGURES[claim], RUNS).loc[claim]
    counted = sum(one.role == "required" for one in RULES[claim].comparisons)
    assert tuple(found[["verdict", "held", "compared"]]) == ("supported", counted, counted)
    found = verdicts("attreg", rotated(FIGURES[claim]), RUNS).loc[claim]
    assert tuple(found[["verdict", "held"]]) == ("contradicted", 0)


@pytest.mark.parametrize(("loss", "verdict"), [(0.002, "supported"), (0.009, "contradicted")])
def test_the_most_attended_fifth_may_lose_what_the_paper_lost(loss: float, verdict: str) -> None:
    source = "faithfulness__attention"
    values = of(ACCURACY, **{f"{source}_all": 0.6, f"{source}_top_fifth": 0.6 - loss})
    found = verdicts("attreg", values, RUNS).loc["A27"]
    assert found["verdict"] == verdict
    assert found["difference"] == pytest.approx(-loss)
    assert "by less than 0.0055" in found["comparison"]
