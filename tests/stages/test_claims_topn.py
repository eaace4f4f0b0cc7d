"""TopN's claims: in print they come out as their status says; turned around they do not."""

import pytest

from studies import claim_rules
from studies.topn.claims import RULES
from tests.stages.reported import reported, verdicts

MODEL = "topn_deeper_lstm"
QUESTION, ANSWER, BOTH, PLAIN, FEW, STEPS, SAME, OTHER, COLOURS = (
    f"{MODEL}/{row}"
    for row in (
        *("another question", "another answer", "another question and answer"),
        *("Grad-CAM", "sensitive, n = 25", "steps"),
        *("same question, other image", "other question, same image"),
        "colour: same answer, same image",
    )
)
AT_RANDOM, FEW_AT_RANDOM = f"{MODEL}/steps at random", f"{MODEL}/random, n = 25"
P_QUESTION, P_ANSWER = "topn_pythia/another question", "topn_pythia/another answer"
DOING = "What is the man doing?"


def first_entries():
    """(image, question) -> the ten indices that tables 1 to 4 print."""
    found = {}
    for number in range(1, 5):
        cells = reported(f"topn/{number}").query("metric == 'dA_dq_top10_index'")
        for cell in cells.itertuples():
            image, question, _ = cell.row.split(" | ")
            found.setdefault((image, question), set()).add(int(cell.value))
    assert all(len(entries) == 10 for entries in found.values())
    return found


def shared():
    """How many of ten the printed pairs share: one question, and two questions of an image."""
    first = first_entries()
    pairs = (("Figure 20", "Figure 25"), ("Figure 23", "Figure 24"))
    pairs += (("Figure 20", "Figure 23"), ("Figure 20", "Figure 24"))
    same = [len(first[a, DOING] & first[b, DOING]) for a, b in pairs]
    asked = {
        "Figure 20": ("Where are they looking?", "What is the woman doing?"),
        "Figure 10": ("What color is the cake?", "What color are the balloons?"),
    }
    other = [len(set.intersection(*(first[one, q] for q in asked[one]))) for one in asked]
    other.append(len(first["Figure 20", DOING] & first["Figure 20", "What is the woman doing?"]))
    return same, other


def correlations():
    return [float(cell) for number in (5, 6) for cell in reported(f"topn/{number}")["value"]]


def test_every_claim_has_a_rule():
    assert claim_rules()["topn"] is RULES
    assert list(RULES) == [f"T{number:02d}" for number in range(1, 13)]


def test_in_print_the_claims_of_the_tables_hold():
    same, other = shared()
    assert (same, other) == ([10, 8, 9, 9], [2, 2, 5])  # as claims.csv counts them
    values = {
        (SAME, "shared_of_10"): same,
        (OTHER, "shared_of_10"): other,
        (COLOURS, "spearman"): correlations(),
    }
    found = verdicts("topn", values).loc[["T05", "T06", "T11"]]
    assert list(found["reported_status"]) == ["supported"] * 3
    assert list(found["verdict"]) == ["supported"] * 3
    assert list(found["compared"]) == list(found["held"]) == [1, 2, 1]
    assert found.loc["T05", "difference"] == pytest.approx(9 - 7)


def test_exchanged_the_claims_of_the_tables_are_contradicted():
    same, other = shared()
    values = {
        (SAME, "shared_of_10"): other,
        (OTHER, "shared_of_10"): same,
        (COLOURS, "spearman"): [value - 0.3 for value in correlations()],
    }
    found = verdicts("topn", values).loc[["T05", "T06", "T11"]]
    assert list(found["verdict"]) == ["contradicted"] * 3
    assert list(found["held"]) == [0] * 3


def own(source, value):
    return {(source, "own_share"): value}


def alike(source, value):
    return {(source, "pair_similarity"): value}


def steps(source, **values):
    return {(source, column): value for column, value in values.items()}


def at(n):
    return f"{MODEL}/sensitive, n = {n}"


CASES = {
    "T01": [
        (alike(QUESTION, 0.9) | alike(BOTH, 0.4), "supported", 2),
        (alike(QUESTION, 0.7) | alike(BOTH, 0.4), "contradicted", 1),
        (alike(QUESTION, 0.9) | alike(BOTH, 0.95), "contradicted", 1),
    ],
    "T02": [
        (alike(P_QUESTION, 0.9) | alike(P_ANSWER, 0.4), "supported", 1),
        (alike(P_QUESTION, 0.4) | alike(P_ANSWER, 0.9), "contradicted", 0),
    ],
    "T04": [
        (own(PLAIN, 0.5) | own("topn_pythia/Grad-CAM", 0.3), "supported", 1),
        (own(PLAIN, 0.3) | own("topn_pythia/Grad-CAM", 0.5), "contradicted", 0),
    ],
    "T07": [
        (
            own(FEW, 0.5)
            | own(PLAIN, 0.3)
            | own(FEW_AT_RANDOM, 0.3)
            | alike(PLAIN, 0.9)
            | alike(FEW, 0.2),
            "supported",
            2,
        ),
        (own(FEW, 0.3) | own(PLAIN, 0.5) | alike(PLAIN, 0.9) | alike(FEW, 0.2), "contradicted", 1),
        (own(FEW, 0.5) | own(PLAIN, 0.3) | alike(PLAIN, 0.2) | alike(FEW, 0.9), "contradicted", 1),
    ],
    "T09": [
        (
            steps(STEPS, best_of_each=0.5, best_of_all=0.3)
            | steps(AT_RANDOM, best_of_each=0.4, best_of_all=0.3),
            "supported",
            1,
        ),
        (
            steps(STEPS, best_of_each=0.5, best_of_all=0.4)
            | steps(AT_RANDOM, best_of_each=0.5, best_of_all=0.4),
            "inconclusive",
            0,
        ),
    ],
    "T10": [
        (own(at(100), 0.4) | own(at(200), 0.2) | own(at(300), 0.3), "supported", 2),
        (own(at(100), 0.4) | own(at(200), 0.35) | own(at(300), 0.3), "contradicted", 1),
    ],
    "T12": [
        (
            {(f"{MODEL}/words", "colour_word"): 0.5, (f"{MODEL}/words", "object_word"): 0.2},
            "supported",
            1,
        ),
        (
            {(f"{MODEL}/words", "colour_word"): 0.2, (f"{MODEL}/words", "object_word"): 0.5},
            "contradicted",
            0,
        ),
    ],
}


@pytest.mark.parametrize(
    ("claim", "values", "verdict", "held"),
    [(claim, *case) for claim, cases in CASES.items() for case in cases],
)
def test_claims_without_printed_numbers_have_their_direction(claim, values, verdict, held):
    found = verdicts("topn", values).loc[claim]
    counted = [one for one in RULES[claim].comparisons if one.role in ("required", "if measured")]
    assert tuple(found[["verdict", "held", "compared"]]) == (verdict, held, len(counted))


def test_another_n_beside_never_makes_a_verdict():
    sweep = {(f"{MODEL}/sensitive, n = {n}", "own_share"): 0.1 for n in (5, 10, 50, 100, 200, 300)}
    found = verdicts("topn", CASES["T07"][0][0] | sweep).loc["T07"]
    assert tuple(found[["verdict", "compared"]]) == ("supported", 2)
    assert found["reason"].endswith(
        "Comparisons by another interpretation, not counted: 6 contradicted."
    )


def test_the_colour_pairs_decide_not_any_two_questions():
    values = {
        (COLOURS, "spearman"): correlations(),
        (OTHER, "spearman"): 0.3,
        (f"{MODEL}/existence: same answer, same image", "spearman"): 0.99,
    }
    found = verdicts("topn", values).loc["T11"]
    assert tuple(found[["verdict", "compared"]]) == ("supported", 1)
    assert found["reason"].endswith("not counted: 1 supported, 1 contradicted.")


def test_what_is_true_by_construction_is_not_tested():
    values = {
        (QUESTION, "map_difference"): 1e-7,
        (P_QUESTION, "sign_change"): 0.1,
        (P_QUESTION, "sign_change_of_answer"): 0.0,
    }
    found = verdicts("topn", values).loc[["T03", "T08"]]
    assert list(found["verdict"]) == ["not testable here"] * 2
    assert found["reason"].str.startswith("True by construction").all()


def test_entries_at_random_that_do_as_well_explain_the_claim():
    values = own(FEW, 0.5) | own(PLAIN, 0.3) | own(FEW_AT_RANDOM, 0.5)
    found = verdicts("topn", values | alike(PLAIN, 0.9) | alike(FEW, 0.2)).loc["T07"]
    assert (found["verdict"], found["held"], found["compared"]) == ("not testable here", 2, 2)
    assert "A control does as well" in found["reason"]
