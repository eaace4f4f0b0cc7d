import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqax.errors import UsageError
from vqax.stats.contrast import Contrast, mean_contrast
from vqax.stats.verdict import FEWEST_CLUSTERS, VERDICTS, holm, judge, outcome

UP = Contrast(0.5, 0.2, 0.8, 30, 0.002)
OPEN = Contrast(0.1, -0.2, 0.4, 30, 0.5)
DOWN = Contrast(-0.5, -0.8, -0.2, 30, 0.004)
TOUCHING = Contrast(0.3, 0.0, 0.6, 30, 0.05)
SAME = Contrast(0.0, 0.0, 0.0, 30, 1.0)


@pytest.mark.parametrize(
    ("contrasts", "verdict", "held"),
    [
        ([UP], "supported", 1),
        ([UP, UP], "supported", 2),
        ([DOWN], "contradicted", 0),
        ([UP, UP, DOWN], "contradicted", 2),
        ([OPEN, DOWN], "contradicted", 0),
        ([UP, OPEN], "inconclusive", 1),
        ([OPEN], "inconclusive", 0),
        ([TOUCHING], "inconclusive", 0),
        ([SAME], "inconclusive", 0),
        ([], "not testable here", 0),
    ],
)
def test_the_rule(contrasts, verdict, held):
    judgement = judge(contrasts)
    assert judgement[:3] == (verdict, held, len(contrasts))


@pytest.mark.parametrize(
    ("contrasts", "deciding"),
    [([UP, DOWN, OPEN], 1), ([UP, OPEN], 1), ([UP, SAME], 1), ([SAME, OPEN, UP], 0)],
)
def test_the_least_supported_comparison_is_named(contrasts, deciding):
    assert judge(contrasts).deciding == deciding


def test_support_is_measured_in_widths_so_units_do_not_matter():
    sure_but_small = Contrast(0.001, 0.0009, 0.0011, 30, 0.001)
    large_but_vague = Contrast(5.0, -1.0, 11.0, 30, 0.1)
    assert judge([sure_but_small, large_but_vague]).deciding == 1


def test_an_interval_without_width_counts_by_its_sign():
    point_above = Contrast(1e-9, 1e-9, 1e-9, 30, 0.001)
    assert judge([point_above]).verdict == "supported"
    assert judge([point_above, UP]).deciding == 1
    assert judge([point_above._replace(value=-1e-9), UP]).deciding == 0


def test_what_could_not_be_measured_is_refused():
    empty = Contrast(np.nan, np.nan, np.nan, 0, np.nan)
    with pytest.raises(UsageError, match="has no interval"):
        judge([UP, empty])
    with pytest.raises(UsageError, match="has no interval"):
        outcome(empty)


def test_p_of_a_single_comparison_is_its_own():
    assert judge([UP]).p == pytest.approx(UP.p)
    assert judge([DOWN]).p == pytest.approx(DOWN.p)


def test_p_of_several_is_the_worst_for_holds_and_bonferroni_for_contradicted():
    weaker = UP._replace(p=0.04)
    assert judge([UP, weaker]).p == pytest.approx(0.04)
    assert judge([UP, UP, DOWN]).p == pytest.approx(3 * DOWN.p)
    assert np.isnan(judge([]).p)


def test_a_true_claim_is_seldom_contradicted_and_a_false_one_seldom_holds():
    """Three equal means: "supported" needs all, so it must be rarer than one comparison's 2.5 %."""
    rng = np.random.default_rng(0)
    verdicts = []
    for seed in range(150):
        a, b, c = rng.normal(size=(3, 40))
        options = {"clusters": np.arange(40), "samples": 200, "seed": seed}
        verdicts.append(judge([mean_contrast(a, b, **options), mean_contrast(a, c, **options)]))
    shares = {name: np.mean([v.verdict == name for v in verdicts]) for name in VERDICTS}
    assert shares["supported"] < 0.05
    assert shares["contradicted"] < 0.11
    assert np.mean([v.p <= 0.05 for v in verdicts]) < 0.1
    assert shares["inconclusive"] > 0.8


def test_fewer_clusters_than_the_limit_cannot_be_significant_by_their_signs():
    assert 0.5 ** (FEWEST_CLUSTERS - 1) > 0.025 >= 0.5**FEWEST_CLUSTERS


def slow_holm(p):
    order = sorted(range(len(p)), key=lambda i: p[i])
    adjusted = [0.0] * len(p)
    for place, i in enumerate(order):
        candidates = [min(1, (len(p) - j) * p[order[j]]) for j in range(place + 1)]
        adjusted[i] = max(candidates)
    return adjusted


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_equals_its_definition(p):
    assert holm(np.array(p, dtype=float)) == pytest.approx(slow_holm(p))


def test_holm_leaves_out_what_was_not_tested():
    adjusted = holm(np.array([np.nan, 0.01, 0.04, np.nan]))
    assert adjusted[1:3] == pytest.approx([0.02, 0.04])
    assert np.isnan(adjusted[[0, 3]]).all()
