import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqax.report.answer import findings, in_short, in_words, reported_difference, verdict
from vqax.report.content import PAIR_COLUMNS, Comparison

COMPARISON = Comparison(
    "mcb_pgca",
    "mcb",
    (("ucam/II", "P-GCA (ours)", "Baseline"), ("ucam/IV", "P-GCA (ours)", "Baseline (MCB)")),
)


def pair(metric, difference, low, high, a="mcb_pgca", b="mcb", n=1500):
    return [metric, a, b, difference, low, high, n, 0.1, 0.04]


def with_pairs(content, *rows):
    return replace(content, pairs=pd.DataFrame(rows, columns=PAIR_COLUMNS))


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


def test_the_sentence_is_made_of_the_numbers(content):
    one = with_pairs(content, pair("accuracy_official", 0.012, -0.004, 0.028))
    assert in_words(COMPARISON, one) == (
        "P-GCA minus MCB: VQA accuracy +1.2 points, 95 % interval [−0.4, 2.8]: inconclusive."
    )
    clear = with_pairs(content, pair("accuracy_official", 0.02, 0.004, 0.036))
    assert "+2.0 points, 95 % interval [0.4, 3.6]: better." in in_words(COMPARISON, clear)


@given(st.floats(-1, 1), st.floats(0, 0.5), st.floats(0, 0.5))
def test_swapping_the_runs_of_a_pair_changes_nothing(content, difference, below, above):
    low, high = difference - below, difference + above
    given_order = with_pairs(content, pair("margin", difference, low, high))
    swapped = with_pairs(content, pair("margin", -difference, -high, -low, a="mcb", b="mcb_pgca"))
    (one,), (other,) = findings(COMPARISON, given_order), findings(COMPARISON, swapped)
    assert one.verdict == other.verdict
    np.testing.assert_allclose(
        [one.difference, one.low, one.high], [other.difference, other.low, other.high]
    )
    assert one.effect_size == -other.effect_size


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


def test_the_summary_counts_verdicts_and_leaves_out_what_has_no_better_side(content):
    mixed = with_pairs(
        content,
        pair("accuracy_official", 0.02, 0.01, 0.03),
        pair("attention_emd", 0.02, 0.01, 0.03),
        pair("margin", 0.0, -0.01, 0.01),
        pair("predictive", 0.5, 0.4, 0.6),
        pair("attention_rank_correlation", math.nan, math.nan, math.nan, n=0),
    )
    assert in_short(COMPARISON, mixed) == (
        "Of 3 measures, P-GCA is better than MCB on 1 (VQA accuracy) and worse on 1 "
        "(earth mover's distance to people (attention)); 1 is inconclusive."
    )


def test_an_uncertainty_alone_is_neither_better_nor_worse(content):
    only = with_pairs(
        content, pair("predictive", 0.5, 0.4, 0.6), pair("grad_cam_emd", -0.2, -0.3, -0.1)
    )
    assert in_short(COMPARISON, only).startswith("Of 1 measure, P-GCA is better than MCB on 1 (")


def test_without_a_measured_pair_the_answer_says_so(content):
    nothing = with_pairs(content)
    assert "no paired difference was measured" in in_short(COMPARISON, nothing)
    assert in_words(COMPARISON, nothing) == ""
