"""Total variation and its friends, on priors small enough to compute by hand."""

import numpy as np
import pytest

from tests.data.small import example, examples
from vqax.data.prior_shift import (
    answer_coverage,
    chance_variation,
    mean_variation,
    prior_accuracy,
    prior_change,
    prior_shift,
    refuse_equal_priors,
)
from vqax.errors import BadData

TRAIN = examples(is_it={"yes": 3, "no": 1}, what={"dog": 2}, why={"fun": 1})
TEST = examples(is_it={"yes": 1, "no": 1}, what={"cat": 6}, who={"boy": 1})


def test_a_row_per_type() -> None:
    table = prior_shift(TRAIN, TEST).set_index("question_type")
    assert list(table.index) == ["what", "is it", "who", "why"]
    assert table.loc["is it", "total_variation"] == pytest.approx(0.25)
    assert table.loc["what", "total_variation"] == pytest.approx(1)
    assert np.isnan(table.loc["who", "total_variation"])
    assert np.isnan(table.loc["why", "total_variation"])
    assert tuple(table.loc["is it", ["train_answer", "train_share"]]) == ("yes", 0.75)
    assert tuple(table.loc["who", ["train_questions", "train_answer"]]) == (0, "")


def test_the_mean_weighs_types_by_their_test_questions() -> None:
    assert mean_variation(prior_shift(TRAIN, TEST)) == pytest.approx((2 * 0.25 + 6 * 1) / 8)
    assert np.isnan(mean_variation(prior_shift(TRAIN, [])))


def test_the_order_of_the_answers_changes_no_digit() -> None:
    train, test = (examples(what={f"{k} {part}": 1 for k in range(10)}) for part in ("a", "b"))
    table = prior_shift(train, test)  # twenty times .1, whose plain sum is not 2
    assert table.loc[0, "total_variation"] == 1.0


def test_equal_priors_do_not_differ() -> None:
    assert mean_variation(prior_shift(TRAIN, TRAIN)) == 0


def test_random_parts_of_a_small_type_differ_too() -> None:
    many = examples(is_it={"yes": 500, "no": 500})
    few = examples(is_it={"yes": 5, "no": 5})
    large = chance_variation(many[::2], many[1::2], seed=0)
    small = chance_variation(few[::2], few[1::2], seed=0)
    assert 0 <= large < 0.1 < small


def test_accuracy_of_trains_commonest_answer() -> None:
    half = example(90, "is it", "yes", answers=("yes", "no") * 5)
    twice = example(91, "is it", "no", answers=("no",) * 8 + ("yes",) * 2)
    assert prior_accuracy(TRAIN, [half]) == pytest.approx(1)
    assert prior_accuracy(TRAIN, [twice]) == pytest.approx(0.6)
    assert prior_accuracy(TRAIN, [half, twice, *examples(what={"cat": 2})]) == pytest.approx(0.4)


def test_answers_that_train_knows_of_any_type() -> None:
    assert answer_coverage(TRAIN, [example(1, "who", "dog"), example(2, "who", "cat")]) == 0.5


def test_equal_priors_are_refused() -> None:
    alike = examples(is_it={"yes": 50, "no": 50}, what={"dog": 20, "cat": 20})
    change = prior_change(alike, alike, seed=0)
    assert change.total_variation == 0
    with pytest.raises(BadData, match=r"mine: the answer priors .* differ by 0.000"):
        refuse_equal_priors(change, "mine")
    other = examples(is_it={"yes": 5, "no": 95}, what={"dog": 1, "cat": 20})
    refuse_equal_priors(prior_change(alike, other, seed=0), "mine")


def test_parts_without_a_common_type_are_refused() -> None:
    change = prior_change(examples(is_it={"yes": 2}), examples(who={"boy": 2}), seed=0)
    with pytest.raises(BadData, match="differ by nan"):
        refuse_equal_priors(change, "mine")
