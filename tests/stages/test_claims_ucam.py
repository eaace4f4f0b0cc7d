"""The rules against the paper's own numbers: fed as measurements, they have to give its status."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from project.workspace import Workspace
from stages.claims import published_claims
from studies.ucam.claims import RULES
from vqax.claims.rules import Row
from vqax.claims.sources import HUMANS, Sources
from vqax.claims.verdicts import judged

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = Workspace().published("ucam")
COLUMNS = {
    "accuracy_all": ["accuracy_official"],
    "rank_correlation": ["attention_rank_correlation", "rank_correlation"],
    "emd": ["attention_emd", "emd"],
    "top2_distance": ["margin"],
    "uncertainty_variance": ["aleatoric", "probability_variance", "epistemic"],
}
SAME_RUN = {  # rows of Table IV and of Table II
    "Baseline (MCB)": "Baseline",
    "VE (ours)": "VE",
    "UDL (ours)": "UDL",
    "AUL (ours)": "AUL",
    "PUL(ours)": "PUL",
    "PUL + VE (ours)": "PUL+ VE",
    "PUL + UDL(ours)": "PUL + UDL",
    "A-GCA (ours)": "A-GCA (ours)",
    "P-GCA (ours)": "P-GCA (ours)",
}
MASKS = {
    "Baseline": "grad_cam",
    "Deconv ReLU": "deconvolution",
    "Guided GradCAM": "guided_grad_cam",
    "Aleatoric mask": "aleatoric_mask",
    "Predictive mask": "predictive_mask",
}


def name_of(table, row):
    if (table, row) == ("ucam/IV", "Human [34]"):
        return HUMANS
    if table == "ucam/III":
        return f"explanation_masks/{MASKS[row]}"
    if table == "ucam/IV" and row in SAME_RUN:
        table, row = "ucam/II", SAME_RUN[row]
    return f"{table} {row}"


@pytest.fixture(scope="module")
def reported():
    """Every printed number as the constant value of ten questions about ten images."""
    values, rows = {}, {}
    for path in sorted(PUBLISHED.glob("table_*.csv")):
        table = pd.read_csv(path)
        for cell in table[table["metric"].isin(COLUMNS)].itertuples():
            name = name_of(cell.table, cell.row)
            rows.setdefault(cell.table, {})[cell.row] = name
            ids = pd.DataFrame({"question_id": np.arange(10), "image_id": np.arange(10)})
            for column in COLUMNS[cell.metric]:
                values.setdefault(name, ids)
                values[name] = values[name].assign(**{column: float(cell.value)})
    no_margin = values[name_of("ucam/II", "Baseline")]
    values[name_of("ucam/II", "Baseline")] = no_margin.assign(margin=0.1)  # the paper prints none
    return Sources(values=values, rows=rows, ranks=pd.DataFrame(columns=["set", "measure"]))


@pytest.fixture(scope="module")
def claims():
    return published_claims(Workspace(), "ucam")


@pytest.fixture(scope="module")
def on_print(claims, reported):
    return judged(claims, RULES, reported, seed=0).claims.set_index("claim_id")


def tables_of(claims):
    return claims[(claims["kind"] == "table") & (claims["claim_id"] != "U26")]


def test_every_claim_has_a_rule_and_every_rule_a_claim(claims):
    assert list(RULES) == list(claims["claim_id"])
    assert len(RULES) == 33


def test_the_papers_numbers_give_the_papers_status(claims, on_print):
    for claim in tables_of(claims).itertuples():
        expected = "supported" if claim.status == "supported" else "contradicted"
        assert on_print.loc[claim.claim_id, "verdict"] == expected, claim.claim_id


def test_the_step_by_step_claims_record_how_many_steps_held(claims, on_print):
    reported = re.search(r"(\d+) of (\d+)", claims.set_index("claim_id").loc["U07", "status"])
    assert tuple(on_print.loc["U07", ["held", "compared"]]) == tuple(map(int, reported.groups()))
    assert tuple(on_print.loc["U06", ["held", "compared"]]) == (7, 7)
    assert tuple(on_print.loc["U13", ["held", "compared"]]) == (11, 11)


@pytest.mark.parametrize(
    ("claim", "difference"),
    [
        ("U03", 0.3931 - 0.3784),
        ("U04", 0.3341 - 0.3311),
        ("U12", 66.5 - 66.3),
        ("U17", 0.4),
        ("U18", 0.8 - 0.4),
        ("U25", 69.2 - 68.0),
        ("U27", 66.5 - 66.3),
    ],
)
def test_a_difference_is_counted_in_the_claimed_direction(on_print, claim, difference):
    """The deciding comparison is the least supported; here, a point above zero like all others."""
    found = on_print.loc[claim]
    values = [found["difference"], found["ci_low"], found["ci_high"]]
    assert min(values) > 0
    assert found["compared"] > 1 or values == pytest.approx([difference] * 3)


def test_no_rule_holds_when_every_number_is_turned_around(claims, reported):
    rotated = {
        name: table.assign(
            **{c: -table[c] for c in table.columns.difference(["question_id", "image_id"])}
        )
        for name, table in reported.values.items()
    }
    sources = Sources(values=rotated, rows=reported.rows, ranks=reported.ranks)
    verdicts = judged(tables_of(claims), RULES, sources, seed=0).claims
    assert set(verdicts["verdict"]) == {"contradicted"}
    ties_aside = verdicts[verdicts["claim_id"] != "U07"]
    assert (ties_aside["held"] == 0).all()


BASE, A, P, AUL, PUL = (
    name_of("ucam/II", row) for row in ("Baseline", "A-GCA (ours)", "P-GCA (ours)", "AUL", "PUL")
)
RC, MASK_RC = "attention_rank_correlation", "rank_correlation"
UNREPORTED = {  # claim -> (source, column), each larger than those after it in the next list
    "U28": [[(P, RC)], [("mcb_p_gca_image", RC), ("mcb_p_gca_question", RC)], [(BASE, RC)]],
    "U29": [[("attention_samples/wrong", "entropy")], [("attention_samples/right", "entropy")]],
    "U30": [
        [(BASE, "entropy"), (BASE, "aleatoric")],
        [(run, column) for run in (A, AUL, PUL) for column in ("entropy", "aleatoric")],
        [(P, "entropy"), (P, "aleatoric")],
    ],
    "U31": [
        [(P, RC), ("explanation_masks/predictive_mask", MASK_RC)],
        [
            (BASE, RC),
            ("explanation_masks/guided_grad_cam", MASK_RC),
            ("explanation_masks/deconvolution", MASK_RC),
        ],
    ],
    "U32": [[(BASE, "grad_cam_rank_correlation")], [(BASE, RC)]],
    "U33": [
        [(f"noise/{kind}/mcb", "flipped") for kind in ("image", "question")],
        [(f"noise/{kind}/mcb_p_gca", "flipped") for kind in ("image", "question")],
    ],
}


@pytest.mark.parametrize("claim", UNREPORTED)
@pytest.mark.parametrize(("sign", "verdict"), [(1, "supported"), (-1, "contradicted")])
def test_claims_without_printed_numbers_have_their_direction(
    claims, reported, claim, sign, verdict
):
    ids = pd.DataFrame({"question_id": np.arange(10), "image_id": np.arange(10)})
    values = {}
    for place, level in enumerate(UNREPORTED[claim]):
        for name, column in level:
            values[name] = values.get(name, ids).assign(**{column: -sign * float(place)})
    sources = Sources(values=values, rows=reported.rows, ranks=reported.ranks)
    wanted = claims[claims["claim_id"] == claim]
    found = judged(wanted, RULES, sources, seed=0).claims.iloc[0]
    assert found["verdict"] == verdict
    assert found["held"] == (found["compared"] if sign == 1 else 0)


def test_uncertainty_that_knows_its_errors_supports_the_first_claim(claims, reported):
    error = np.arange(12.0)
    table = pd.DataFrame({"question_id": error, "image_id": error, "predictive": error**2})
    table = table.assign(nll_of_error=error, accuracy_official=(error < 6).astype(float))
    for values, verdict in (
        (table, "supported"),
        (table.assign(predictive=-error), "contradicted"),
    ):
        sources = Sources(values={P: values}, rows=reported.rows, ranks=reported.ranks)
        found = judged(claims.iloc[:1], RULES, sources, seed=0).claims.iloc[0]
        assert (found["verdict"], found["compared"]) == (verdict, 2)


@pytest.mark.parametrize(("cd", "verdict"), [(0.9, "supported"), (1.1, "inconclusive")])
def test_first_rank_has_to_lead_by_the_critical_difference(claims, reported, cd, verdict):
    ranks = pd.DataFrame({"run": [P, BASE, A], "mean_rank": [1.0, 3.0, 2.0]})
    ranks = ranks.assign(set="all", measure="accuracy_official", n_blocks=20, k=3, cd=cd)
    sources = Sources(values=reported.values, rows=reported.rows, ranks=ranks)
    wanted = claims[claims["claim_id"] == "U24"]
    found = judged(wanted, RULES, sources, seed=0).claims.iloc[0]
    assert (found["verdict"], found["compared"]) == (verdict, 2)


def test_every_row_of_a_rule_is_printed():
    reported = pd.concat(pd.read_csv(path) for path in PUBLISHED.glob("table_*.csv"))
    known = set(zip(reported["table"], reported["row"], strict=True))
    named = {
        side.source
        for rule in RULES.values()
        for comparison in rule.comparisons
        for side in comparison.sides
        if isinstance(side.source, Row)
    }
    assert len(named) > 40
    assert named <= known


def test_rules_that_test_nothing_say_why():
    silent = {claim: rule.note for claim, rule in RULES.items() if not rule.comparisons}
    assert set(silent) == {"U11", "U26"}
    assert all(note.endswith(".") for note in silent.values())


def test_without_any_run_nothing_is_testable_and_everything_says_what_is_missing(claims):
    nothing = Sources(values={}, rows={}, ranks=pd.DataFrame(columns=["set", "measure"]))
    found = judged(claims, RULES, nothing, seed=0)
    assert set(found.claims["verdict"]) == {"not testable here"}
    assert (found.claims["reason"].str.len() > 20).all()
    assert found.claims["p"].isna().all()
    assert found.comparisons.empty


def test_one_missing_run_is_named(claims, reported):
    gone = name_of("ucam/II", "PUL")
    values = {name: table for name, table in reported.values.items() if name != gone}
    sources = Sources(values=values, rows=reported.rows, ranks=reported.ranks)
    found = judged(claims, RULES, sources, seed=0).claims.set_index("claim_id")
    assert found.loc["U14", "verdict"] == "not testable here"
    assert f"Not run here: {gone}." in found.loc["U14", "reason"]
    assert found.loc["U17", "verdict"] == "supported"
    assert "Comparisons that could be measured: 10 supported" in found.loc["U13", "reason"]


def test_systems_that_only_the_paper_ran_may_be_missing(claims, reported):
    cited = ("CoAtt", "DVQA", "DPPnet", "SMem", "DMN", "QRU", "HieCoAtt", "MLB")
    rows = {
        table: {row: name for row, name in named.items() if not any(c in row for c in cited)}
        for table, named in reported.rows.items()
    }
    sources = Sources(values=reported.values, rows=rows, ranks=reported.ranks)
    found = judged(claims, RULES, sources, seed=0).claims.set_index("claim_id")
    for claim, missing in (("U05", "DVQA(K=1)[31]"), ("U27", "DVQA[31]")):
        assert found.loc[claim, "verdict"] == "supported"
        assert missing in found.loc[claim, "reason"]
    assert found.loc["U25", "compared"] == 3


def test_the_documentation_lists_every_claim():
    text = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (U\d\d) \|", text, flags=re.MULTILINE)
    assert listed == list(RULES)
