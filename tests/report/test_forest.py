"""The places of the forest plot, measured against a slow reading of the levels."""

from dataclasses import replace

import numpy as np
import pytest

from tests.report.test_answer import COMPARISON, pair, with_pairs
from vqax.report.content import Reference
from vqax.report.forest import MARGIN, forest


@pytest.fixture
def compared(content):
    shown = with_pairs(
        content,
        pair("accuracy_official", 0.02, -0.01, 0.05),
        pair("accuracy_official", 0.03, 0.01, 0.05, a="mcb_agca"),
        pair("attention_rank_correlation", 0.1, 0.05, 0.15),
    )
    comparisons = (COMPARISON, replace(COMPARISON, proposed="mcb_agca"))
    return replace(shown, comparisons=comparisons)


def level(content, run, metric):
    rows = content.metrics[(content.metrics["run"] == run) & (content.metrics["metric"] == metric)]
    return float(rows["value"].iloc[0])


def test_places_on_an_axis_are_linear_in_the_levels(compared):
    drawn = forest(compared)
    base = 100 * level(compared, "mcb", "accuracy_official")
    floor = 43.0
    ends = [floor, base - 1.0, base, base + 2.0, base + 5.0]
    low, high = min(ends), max(ends)
    expected = [MARGIN + (100 - 2 * MARGIN) * (end - low) / (high - low) for end in ends]
    cell = drawn.rows[0].cells[0]
    found = [
        *[cell.marks[0].place, cell.interval.low, cell.baseline, cell.interval.value],
        cell.interval.high,
    ]
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_all_comparisons_of_a_measure_share_its_axis(compared):
    first, second = (row.cells[0] for row in forest(compared).rows)
    assert first.baseline == second.baseline
    assert first.marks[0].place == second.marks[0].place
    for axis in forest(compared).axes:
        assert len(axis.ticks) >= 2
        assert all(MARGIN <= place <= 100 - MARGIN for place, _ in axis.ticks)


def test_floor_and_ceiling_are_drawn_where_they_are_known(compared):
    drawn = forest(compared)
    marks = {mark.kind: mark for mark in drawn.rows[0].cells[1].marks}
    assert (marks["floor"].name, marks["floor"].level) == ("random", "0.000")
    assert (marks["ceiling"].name, marks["ceiling"].level) == ("inter-annotator", "0.620")
    assert drawn.has_floors
    assert drawn.has_ceilings
    bare = forest(replace(compared, references=()))
    assert not bare.has_floors
    assert bare.rows[0].cells[0].marks == ()


def test_of_several_floors_the_hardest_is_drawn(compared):
    dataset = compared.runs[0].dataset
    floors = (
        Reference(dataset, "no image", "accuracy_all", 0.50, "floor"),
        Reference(dataset, "question-type prior", "accuracy_all", 0.43, "floor"),
        Reference("another data set", "no image", "accuracy_all", 0.90, "floor"),
    )
    (mark,) = forest(replace(compared, references=floors)).rows[0].cells[0].marks
    assert (mark.name, mark.level) == ("no image", "50.0")


def test_a_comparison_that_a_measure_lacks_leaves_its_cell_empty(compared):
    assert forest(compared).rows[1].cells[1] is None


def test_a_measure_without_a_level_of_any_baseline_has_no_column(compared):
    metrics = compared.metrics[compared.metrics["metric"] != "attention_rank_correlation"]
    assert [axis.label.name for axis in forest(replace(compared, metrics=metrics)).axes] == [
        "VQA accuracy"
    ]


def test_nothing_compared_is_nothing_drawn(content):
    assert forest(with_pairs(content)).rows == ()


def test_the_committed_result_is_drawn_below_in_its_own_trainings(compared):
    committed = with_pairs(compared, pair("accuracy_official", 0.01, 0.0, 0.02), seeds=(5, 5)).pairs
    drawn = forest(replace(compared, committed=committed))
    cell = drawn.rows[0].cells[0]
    assert drawn.has_earlier
    assert cell.earlier_text == "+1.0 points [0.0, 2.0], 5 trainings a side"
    assert cell.earlier.low == pytest.approx(cell.baseline, abs=0.01)
    assert drawn.rows[1].cells[0].earlier is None
