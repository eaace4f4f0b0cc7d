"""Bold and asterisk: only for columns of enough trainings on one data set."""

from dataclasses import replace

import pytest

from tests.report.test_answer import pair, with_pairs
from vqax.report.best import marks

TABLE = "ucam/II"
ROWS = {"Baseline": 60.0, "A-GCA (ours)": 61.0, "P-GCA (ours)": 63.0}


@pytest.fixture
def tidy(content):
    table = content.headline
    chosen = (table["table"] == TABLE) & (table["metric"] == "accuracy_all")
    cells = table[chosen & table["row"].isin(ROWS)].copy()
    return cells.assign(value=cells["row"].map(ROWS), seeds=3)


@pytest.fixture
def measured(content):
    return with_pairs(
        content,
        pair("accuracy_official", 0.03, 0.01, 0.05, a="mcb_pgca", b="mcb"),
        pair("accuracy_official", 0.02, -0.01, 0.05, a="mcb_pgca", b="mcb_agca"),
    )


def test_the_best_and_those_whose_interval_leaves_out_zero_are_marked(tidy, measured):
    assert marks(tidy, measured) == {
        ("P-GCA (ours)", "accuracy_all"): "best",
        ("Baseline", "accuracy_all"): "differs",
    }


@pytest.mark.parametrize(
    "changes",
    [{"seeds": 2}, {"metric": "standard_error"}, {"dataset": ["a", "b", "b"]}],
    ids=["two trainings", "no better side", "two data sets"],
)
def test_a_column_in_which_nothing_may_be_said_has_no_mark(tidy, measured, changes):
    assert marks(tidy.assign(**changes), measured) == {}


def test_where_less_is_better_the_smallest_is_best(tidy, measured):
    less = tidy.assign(metric="emd")
    assert marks(less, measured) == {("Baseline", "emd"): "best"}


def test_a_difference_of_too_few_trainings_is_no_mark(tidy, measured):
    few = replace(measured, pairs=measured.pairs.assign(seed_df=2))
    assert set(marks(tidy, few).values()) == {"best"}
