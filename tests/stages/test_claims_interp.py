"""Interp's claims: in print they come out as their status says; turned around they do not."""

import numpy as np
import pytest

from studies import claim_rules
from studies.interp.claims import RULES
from tests.stages.reported import reported, rotated, verdicts
from vqax.claims.rules import Row

ROWS = {"interp/1": {row: f"maps/{row}" for row in reported("interp/1")["row"]}}
AS_REPORTED = {
    (f"maps/{cell.row}", "rank_correlation"): float(cell.value)
    for cell in reported("interp/1").itertuples()
}
GUIDED = "maps/Guided backpropagation"


def test_every_claim_has_a_rule_and_every_row_is_printed():
    assert claim_rules()["interp"] is RULES
    assert len(RULES) == 6
    sides = [side for rule in RULES.values() for one in rule.comparisons for side in one.sides]
    assert {side.source.row for side in sides if isinstance(side.source, Row)} == set(
        ROWS["interp/1"]
    )


def test_in_print_the_claims_of_table_1_hold():
    found = verdicts("interp", AS_REPORTED | CONTROLS, ROWS).loc[["I01", "I02", "I03"]]
    assert list(found["reported_status"]) == ["supported"] * 3
    assert list(found["verdict"]) == ["supported"] * 3
    assert list(found["compared"]) == list(found["held"]) == [1, 2, 2]
    assert list(found["difference"]) == pytest.approx([0.292 - 0.173, 0.173, 0.623 - 0.173])


def test_turned_around_the_claims_of_table_1_are_contradicted():
    found = verdicts("interp", rotated(AS_REPORTED), ROWS).loc[["I01", "I02", "I03"]]
    assert list(found["verdict"]) == ["contradicted"] * 3
    assert list(found["held"]) == [0] * 3


def test_one_kind_of_map_is_not_enough():
    flat = AS_REPORTED | {("maps/Occlusion", "rank_correlation"): -0.1}
    found = verdicts("interp", flat, ROWS).loc["I02"]
    assert tuple(found[["verdict", "held", "compared"]]) == ("contradicted", 1, 2)


CONTROLS = {
    (f"interp_images/{name}", "rank_correlation"): 0.0
    for name in (
        *("occlusion_of_another_question", "guided_backprop_of_another_question"),
        *("mean_human_map", "guided_backprop_answerer_reinitialised"),
    )
}


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_that_does_as_well_leaves_nothing_to_test(control):
    found = verdicts("interp", AS_REPORTED | CONTROLS | {control: 0.9}, ROWS).loc["I02"]
    assert tuple(found[["verdict", "held", "compared"]]) == ("not testable here", 2, 2)
    assert "A control does as well" in found["reason"]


def test_without_its_control_a_claim_is_not_tested():
    found = verdicts("interp", AS_REPORTED, ROWS).loc["I01"]
    assert found["verdict"] == "not testable here"
    assert "Without its control" in found["reason"]


def test_a_control_changes_nothing_in_a_claim_that_is_contradicted():
    found = verdicts("interp", rotated(AS_REPORTED), ROWS).loc["I01"]
    assert found["verdict"] == "contradicted"


KINDS = ("wh_words", "adjectives", "nouns", "all_other_kinds")


def words(method, *rates):
    """Ten words of each kind in every question, so many of them the most important."""
    source = f"interp_words/{method}"
    return {(source, f"words_{kind}"): 10.0 for kind in KINDS} | {
        (source, f"hits_{kind}"): 10 * rate for kind, rate in zip(KINDS, rates, strict=True)
    }


@pytest.mark.parametrize(
    ("rates", "verdict", "held"),
    [
        ((0.4, 0.2, 0.3, 0.1), "supported", 4),
        ((0.4, 0.3, 0.2, 0.1), "supported", 4),  # of adjectives and nouns either may come first
        ((0.1, 0.2, 0.3, 0.4), "contradicted", 0),
        ((0.3, 0.4, 0.2, 0.1), "contradicted", 3),
        ((0.4, 0.2, 0.05, 0.1), "contradicted", 3),
    ],
)
def test_kinds_of_words_in_their_order(rates, verdict, held):
    found = verdicts("interp", words("occlusion", *rates) | words("gradient", *rates[::-1]))
    assert tuple(found.loc["I04", ["verdict", "held", "compared"]]) == (verdict, held, 4)


def test_importance_by_the_gradient_alone_is_no_verdict():
    found = verdicts("interp", words("gradient", 0.4, 0.2, 0.3, 0.1)).loc["I04"]
    assert found["verdict"] == "not testable here"


def test_failures_are_foretold_better_than_by_chance_and_majority():
    hits = {"changes": 0.72, "majority": 0.6, "chance": 0.5, "confidence": 0.8}
    values = {(f"interp_images/{name}", "hit"): share for name, share in hits.items()}
    changes = "interp_images/changes"
    values |= {
        (changes, "uncertainty"): np.arange(12.0),
        (changes, "accuracy_official"): np.repeat([1.0, 0.0], 6),
    }
    found = verdicts("interp", values).loc["I05"]
    assert tuple(found[["verdict", "held", "compared"]]) == ("supported", 2, 2)
    assert found["difference"] == pytest.approx(0.72 - 0.6)
    assert found["reason"].endswith("not counted: 1 supported, 1 contradicted.")
    worse = verdicts("interp", values | {("interp_images/majority", "hit"): 0.75}).loc["I05"]
    assert tuple(worse[["verdict", "held"]]) == ("contradicted", 1)


@pytest.mark.parametrize(("other", "verdict"), [(0.1, "supported"), (0.5, "contradicted")])
def test_guided_backpropagation_against_deconvolution(other, verdict):
    values = AS_REPORTED | CONTROLS
    values |= {("interp_images/deconvolution", "rank_correlation"): other}
    found = verdicts("interp", values, ROWS).loc["I06"]
    assert found["verdict"] == verdict
    assert found["difference"] == pytest.approx(AS_REPORTED[GUIDED, "rank_correlation"] - other)
