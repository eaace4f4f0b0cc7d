import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqax.report.answer import UNDECIDED, findings, reported_difference, trainings, verdict
from vqax.report.content import PAIR_COLUMNS, Comparison

COMPARISON = Comparison(
    "mcb_pgca",
    "mcb",
    (("ucam/II", "P-GCA (ours)", "Baseline"), ("ucam/IV", "P-GCA (ours)", "Baseline (MCB)")),
)


def pair(metric, difference, low, high, a="mcb_pgca", b="mcb", n=1500):
    return [metric, a, b, difference, low, high, n, 0.1, 0.04]


def with_pairs(content, *rows, seeds=(3, 3), df=8, **more):
    """Differences of so many trainings a side; ``more`` are columns of all of them."""
    pairs = pd.DataFrame(rows, columns=PAIR_COLUMNS)
    columns = {"seeds_a": seeds[0], "seeds_b": seeds[1], "seed_df": df, "seed_sd": 0.02, **more}
    return replace(content, pairs=pairs.assign(**columns))


@pytest.mark.parametrize(
    ("low", "high", "direction", "word"),
    [
        (0.1, 0.2, "higher", "better"),
        (-0.2, -0.1, "higher", "worse"),
        (-0.2, -0.1, "lower", "better"),
        (0.1, 0.2, "lower", "worse"),
        (-0.1, 0.2, "higher", "inconclusive"),
        (0.0, 0.2, "higher", "inconclusive"),
        (-0.2, 0.0, "lower", "inconclusive"),
        (0.1, 0.2, "", "higher"),
        (-0.2, -0.1, "", "lower"),
        (math.nan, math.nan, "higher", "not measured"),
    ],
)
def test_a_verdict_needs_the_whole_interval_on_one_side(low, high, direction, word):
    assert verdict(low, high, direction) == word


@pytest.mark.parametrize("direction", ["higher", "lower", ""])
def test_too_few_trainings_have_no_verdict_however_clear_the_interval(direction):
    assert verdict(0.1, 0.2, direction, enough=False) == UNDECIDED


@pytest.mark.parametrize(
    ("seeds", "df", "enough"),
    [((3, 3), 6, True), ((2, 5), 8, False), ((5, 2), 8, False), ((3, 3), 5, False),
     ((3, 0), 6, True)],
)  # fmt: skip
def test_three_trainings_a_side_and_six_degrees_of_freedom_make_a_verdict(
    content, seeds, df, enough
):
    shown = with_pairs(content, pair("accuracy_official", 0.02, 0.01, 0.03), seeds=seeds, df=df)
    (finding,) = findings(COMPARISON, shown)
    assert finding.trainings.enough == enough
    assert finding.verdict == ("better" if enough else UNDECIDED)


def test_pairs_that_say_nothing_of_trainings_are_of_one_a_side(content):
    rows = pd.DataFrame([pair("margin", 0.02, 0.01, 0.03)], columns=PAIR_COLUMNS)
    (finding,) = findings(COMPARISON, replace(content, pairs=rows))
    assert (finding.trainings.a, finding.trainings.b, finding.verdict) == (1, 1, UNDECIDED)


def test_what_a_row_says_of_trainings_is_in_the_unit_shown():
    row = pd.Series(
        {"seeds_a": 3, "seeds_b": 5, "seed_sd": 0.02, "seed_df": 9, "detectable": 0.03,
         "image_variance": 1e-5, "images": 400}
    )  # fmt: skip
    found = trainings(row, 100.0)
    assert (found.sides, found.images) == ("3 and 5", 400)
    np.testing.assert_allclose(
        [found.seed_sd, found.detectable, found.image_variance], [2.0, 3.0, 0.1]
    )
    twin = trainings(row, 1.0)
    assert found.needed(2.7) == twin.needed(0.027) > 3
    assert trainings(row.drop("image_variance"), 1.0).needed(0.027) is None


@given(st.floats(-1, 1), st.floats(0, 0.5), st.floats(0, 0.5))
def test_swapping_the_runs_of_a_pair_changes_nothing(content, difference, below, above):
    low, high = difference - below, difference + above
    given_order = with_pairs(content, pair("margin", difference, low, high), seeds=(3, 5))
    swapped = with_pairs(
        content, pair("margin", -difference, -high, -low, a="mcb", b="mcb_pgca"), seeds=(5, 3)
    )
    (one,), (other,) = findings(COMPARISON, given_order), findings(COMPARISON, swapped)
    assert one.verdict == other.verdict
    np.testing.assert_allclose(
        [one.difference, one.low, one.high], [other.difference, other.low, other.high]
    )
    assert one.effect_size == -other.effect_size
    assert (one.trainings.a, one.trainings.b) == (other.trainings.a, other.trainings.b) == (3, 5)


def test_the_papers_own_difference_comes_from_the_rows_named(content):
    headline = content.headline
    difference, dataset = reported_difference(COMPARISON, headline, "accuracy_official")
    assert difference == pytest.approx(66.5 - 63.8)
    assert dataset == "vqa_v1 test-dev"
    difference, dataset = reported_difference(COMPARISON, headline, "attention_emd")
    assert difference == pytest.approx(0.3721 - 0.3931)
    assert dataset == "vqa_hat val"


@pytest.mark.parametrize("metric", ["margin", "predictive", "grad_cam_emd"])
def test_where_the_paper_prints_no_pair_there_is_no_difference(content, metric):
    assert reported_difference(COMPARISON, content.headline, metric) == (None, "")


@pytest.mark.parametrize(
    ("metric", "low", "high", "same"),
    [
        ("accuracy_official", 0.01, 0.02, "yes"),
        ("accuracy_official", -0.02, -0.01, "no"),
        ("accuracy_official", -0.02, 0.01, "not decided"),
        ("attention_emd", -0.02, -0.01, "yes"),
        ("attention_emd", 0.01, 0.02, "no"),
        ("margin", 0.01, 0.02, ""),
        ("accuracy_official", math.nan, math.nan, ""),
    ],
)
def test_only_the_direction_is_held_against_the_paper(content, metric, low, high, same):
    (finding,) = findings(COMPARISON, with_pairs(content, pair(metric, low, low, high)))
    assert finding.same_direction == same
