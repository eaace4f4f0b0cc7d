"""EDL's claims: in print they come out as their status says; turned around they do not."""

import numpy as np
import pandas as pd
import pytest

from studies import claim_rules
from studies.edl.claims import ANGLES, RULES
from tests.stages.reported import reported, rotated, verdicts
from tests.stages.tiny import ROOT
from vqax.claims.rules import Row

TABLES = {"edl/1": "dice", "edl/2": "iou"}
ROWS = {
    table: {row: f"{table}: {row}" for row in reported(table).query(f"metric == '{metric}'")["row"]}
    for table, metric in TABLES.items()
}
AS_REPORTED = {
    (ROWS[table][cell.row], metric): float(cell.value)
    for table, metric in TABLES.items()
    for cell in reported(table).query(f"metric == '{metric}'").itertuples()
}


def exchanged(values):
    """Upright and rotated images with each other's numbers."""
    other = {"Normal": "Rotated", "Rotated": "Normal"}
    words = {key: next(one for one in other if f"{one} |" in key[0]) for key in values}
    return {
        (name.replace(words[name, column], other[words[name, column]]), column): value
        for (name, column), value in values.items()
    }


def test_every_claim_has_a_rule():
    assert len(RULES) == 10
    assert claim_rules()["edl"] is RULES
    assert all(rule.comparisons for rule in RULES.values())


def test_rows_of_the_rules_are_printed():
    named = {
        tuple(side.source)
        for rule in RULES.values()
        for comparison in rule.comparisons
        for side in comparison.sides
        if isinstance(side.source, Row)
    }
    assert named == {(table, row) for table, rows in ROWS.items() for row in rows}


def test_in_print_the_hypothesis_is_contradicted_and_the_difference_is_there():
    found = verdicts("edl", AS_REPORTED, ROWS)
    for claim, verdict, held in (("E05", "contradicted", 0), ("E06", "contradicted", 0)):
        assert tuple(found.loc[claim, ["verdict", "held", "compared"]]) == (verdict, held, 2)
        assert found.loc[claim, "reported_status"] == verdict
    assert found.loc["E05", "difference"] == pytest.approx(0.21 - 0.35)
    assert tuple(found.loc["E07", ["verdict", "held", "compared"]]) == ("supported", 4, 4)
    assert found.loc["E07", "reported_status"] == "supported"


def test_the_hypothesis_holds_on_exchanged_numbers_and_the_difference_stays():
    found = verdicts("edl", exchanged(AS_REPORTED), ROWS)
    assert list(found.loc[["E05", "E06", "E07"], "verdict"]) == ["supported"] * 3


def test_no_difference_is_none_of_either_sign():
    alike = {key: np.arange(12.0) for key in AS_REPORTED}
    for key in alike:
        if "Rotated" in key[0]:
            alike[key] = alike[key] + np.resize([1.0, -1.0], 12)
    found = verdicts("edl", alike, ROWS)
    assert list(found.loc[["E05", "E06", "E07"], "verdict"]) == ["inconclusive"] * 3


def test_accuracies_fall_from_digits_to_cifar():
    table = pd.read_csv(ROOT / "studies" / "edl" / "published" / "figures.csv")
    shares = table[table["metric"] == "accuracy_all"].set_index("row")["value"].astype(float) * 10
    named = {"edl_mnist": "MNIST", "edl_fashion": "Fashion MNIST", "edl_cifar": "LeNet"}
    values = {
        (f"answers/{name}", "correct"): np.arange(1000) < shares[row] for name, row in named.items()
    }
    found = verdicts("edl", values, questions=1000).loc["E03"]
    assert tuple(found[["verdict", "held", "compared"]]) == ("supported", 2, 2)
    back = dict(zip(values, reversed(values.values()), strict=True))
    assert verdicts("edl", back, questions=1000).loc["E03", "verdict"] == "contradicted"


UNREPORTED = {
    "E01": {
        ("rotation/edl_mnist_0", "uncertainty"): 0.1,
        **{(f"rotation/edl_mnist_{angle}", "uncertainty"): 0.4 for angle in ANGLES},
        ("rotation/softmax_mnist", "confidently_wrong"): 0.3,
        ("rotation/edl_mnist", "confidently_wrong"): 0.1,
    },
    "E02": {
        ("out_of_distribution/edl_mnist", "in_distribution"): np.repeat([1.0, 0.0], 6),
        ("out_of_distribution/edl_mnist", "uncertainty"): np.arange(12.0),
        ("out_of_distribution/softmax_mnist_ood", "confidence"): 0.9,
        ("out_of_distribution/edl_mnist_ood", "confidence"): 0.6,
    },
    "E08": {
        ("overlap/edl_mnist_only_upright", "dice"): 0.5,
        ("overlap/edl_mnist_only_rotated", "dice"): 0.2,
    },
    "E09": {
        ("overlap/edl_mnist_rotated", "dice_centred"): 0.5,
        ("overlap/edl_mnist_rotated", "dice"): 0.2,
        ("overlap/edl_mnist_rotated", "dice_centred_other"): 0.4,
    },
    "E10": {
        ("map_kinds/same", "map_similarity"): 0.8,
        ("map_kinds/other", "map_similarity"): 0.3,
    },
    "E04": {
        ("answers/resnet_cifar", "correct"): 0.9,
        ("answers/edl_cifar", "correct"): 0.7,
    },
}


@pytest.mark.parametrize("claim", UNREPORTED)
def test_claims_without_printed_numbers_have_their_direction(claim):
    values = UNREPORTED[claim]
    found = verdicts("edl", values).loc[claim]
    counted = [one for one in RULES[claim].comparisons if one.role not in ("beside", "control")]
    assert tuple(found[["verdict", "held", "compared"]]) == (
        "supported",
        len(counted),
        len(counted),
    )
    in_distribution = ("out_of_distribution/edl_mnist", "in_distribution")
    back = rotated({key: value for key, value in values.items() if key != in_distribution})
    back |= {key: value for key, value in values.items() if key == in_distribution}
    found = verdicts("edl", back).loc[claim]
    assert tuple(found[["verdict", "held"]]) == ("contradicted", 0)


def test_the_distance_of_the_centres_is_shown_and_not_counted():
    upright, fallen = (f"overlap/edl_mnist_only_{one}" for one in ("upright", "rotated"))
    beside = {(upright, "centroid_distance"): 0.4, (fallen, "centroid_distance"): 0.1}
    found = verdicts("edl", UNREPORTED["E08"] | beside).loc["E08"]
    assert (found["verdict"], found["compared"]) == ("supported", 1)
    assert found["reason"].endswith("not counted: 1 contradicted.")


def test_a_moved_map_has_to_beat_that_of_another_image():
    """A map moved onto its object covers it better by construction: alone that shows nothing."""
    blob = {("overlap/edl_mnist_rotated", "dice_centred_other"): 0.6}
    found = verdicts("edl", UNREPORTED["E09"] | blob).loc["E09"]
    assert found["verdict"] == "not testable here"


def test_without_cifar_its_claims_are_not_testable():
    values = {(f"answers/{name}", "correct"): 0.9 for name in ("edl_mnist", "edl_fashion")}
    found = verdicts("edl", values).loc[["E03", "E04"]]
    assert list(found["verdict"]) == ["not testable here"] * 2
    assert found["reason"].str.contains("Not run here: answers/").all()
    assert found["reason"].str.contains("profiles/edl_cifar").all()
