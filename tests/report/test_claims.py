import pandas as pd
import pytest

from vqax.errors import BadData
from vqax.report.captions import Captions
from vqax.report.claims import CAVEATS, CLAIM_COLUMNS, claim_rows, summary

CAPTIONS = Captions(papers={"ucam": "U-CAM"})
CLAIM = {
    "paper": "ucam",
    "claim_id": "U02",
    "claim": "A looks where people look.",
    "tested_by": "ucam/IV",
    "direction": "A > B",
    "kind": "table",
    "comparison": "accuracy: A > B; margin: A > B",
    "difference": 0.0213,
    "ci_low": 0.004,
    "ci_high": 0.0386,
    "n": 1500,
    "seeds": 1,
    "held": 1,
    "compared": 1,
    "verdict": "supported",
    "reported_status": "supported",
    "reason": "",
    "deciding": "accuracy: A > B",
    "metric": "accuracy_official",
    "statistic": "mean",
    "p": 0.0123,
    "p_holm": 0.0246,
    "reported_evidence": "0.3341 vs 0.2790",
}
NOT_TESTABLE = {
    "held": 0, "compared": 0, "verdict": "not testable here", "reason": "Not run here: BAN.",
    "deciding": "", "metric": "", "statistic": "", "difference": None, "ci_low": None,
    "ci_high": None, "n": None, "seeds": None, "p": None, "p_holm": None,
}  # fmt: skip


def table(*changes):
    frame = pd.DataFrame([CLAIM | change for change in changes or ({},)])
    return frame[CLAIM_COLUMNS].astype(
        {"n": "Int64", "seeds": "Int64", "p": float, "p_holm": float}
    )


def row(**changes):
    return claim_rows(table(changes), CAPTIONS)[0]


def test_one_comparison_is_written_out():
    found = row()
    assert found.ours == "accuracy: A > B: +2.1 [0.4, 3.9] points, n 1,500, 1 seed"
    assert found.published == "its numbers agree: 0.3341 vs 0.2790 (U-CAM Table IV)"
    assert (found.verdict, found.p, found.note) == ("supported", "0.012 (0.025)", "")


def test_of_several_the_least_supported_is_shown_with_the_count():
    found = row(held=1, compared=2, verdict="inconclusive", seeds=3)
    assert found.ours.startswith(
        "1 of 2 comparisons as claimed; least supported: accuracy: A > B: +2.1"
    )
    assert found.ours.endswith("3 seeds")


def test_what_is_not_testable_has_no_number():
    found = row(**NOT_TESTABLE)
    assert (found.ours, found.p) == ("–", "–")
    assert found.note == "Not run here: BAN."


@pytest.mark.parametrize(
    ("values", "changes", "shown"),
    [
        ((-0.0936, -0.11, -0.076), {}, "−0.094 [−0.110, −0.076]"),
        ((-0.00086, -0.00236, 0.0007), {}, "−0.0009 [−0.0024, 0.0007]"),
        ((1.2e-7, -3e-8, 1.6e-7), {}, "(+1.20 [−0.30, 1.60])·10⁻⁷"),
        ((0.0, 0.0, 0.0), {}, "+0.000 [0.000, 0.000]"),
        ((0.9, -0.7, 2.5), {"statistic": "mean rank"}, "+0.900 [−0.700, 2.500], blocks 1,500"),
        ((0.16, 0.13, 0.19), {"metric": "accuracy_official", "statistic": "separation"}, "+0.160"),
    ],
)
def test_small_numbers_keep_their_digits(values, changes, shown):
    numbers = dict(zip(("difference", "ci_low", "ci_high"), values, strict=True))
    assert f": {shown}" in row(**{"metric": "emd", **numbers, **changes}).ours


@pytest.mark.parametrize(
    ("status", "evidence", "text"),
    [
        ("visual_only", "", "examples shown (U-CAM Table IV)"),
        ("partly (6 of 8 comparisons)", "", "partly (6 of 8 comparisons) (U-CAM Table IV)"),
        ("text_number_only", "0.49", "a number in the text: 0.49 (U-CAM Table IV)"),
    ],
)
def test_what_the_paper_has_is_said_in_words(status, evidence, text):
    assert row(reported_status=status, reported_evidence=evidence).published == text


def test_the_summary_counts_verdicts_and_names_the_family():
    claims = table({}, {}, {"verdict": "contradicted"}, {"verdict": "undecided"}, NOT_TESTABLE)
    text = "Of 5 claims: 2 supported, 1 contradicted, 0 inconclusive, 1 undecided, 1 not testable"
    assert summary(claims) == f"{text} here."
    told = summary(claims.assign(family_size=3, all_claims=80))
    assert told.startswith(text)
    assert "over the 3 claims of the paper that were tested; 80 were tested over all" in told


def test_the_sentence_of_a_claim_stands_before_its_reason():
    claims = table({"reason": "By accuracy."}).assign(sentence="Supported on Scenes v1.")
    assert claim_rows(claims, CAPTIONS)[0].note == "Supported on Scenes v1. By accuracy."


def test_a_table_without_its_columns_is_refused():
    with pytest.raises(BadData, match="claims: lacks the columns verdict"):
        claim_rows(table().drop(columns="verdict"), CAPTIONS)


def test_the_caveats_say_what_intervals_and_verdicts_are():
    text = " ".join(CAVEATS)
    assert "over trainings and test images" in text
    assert "corrected by Holm's method over the claims of a paper" in text
