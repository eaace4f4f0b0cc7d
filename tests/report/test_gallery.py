import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqax.errors import BadData
from vqax.report.gallery import CERTAIN_WRONG, RANDOM, UNCERTAIN_RIGHT, select

# ten wrong (accuracy 0), ten partly right (.3 or .9), ten right; uncertainty rises with the id
PREDICTIONS = pd.DataFrame(
    {
        "question_id": np.arange(100, 130),
        "accuracy_official": [0.0, 0.3, 1.0, 0.0, 0.9, 1.0] * 5,
        "predictive": np.linspace(0.1, 3.0, 30),
    }
)


def chosen(selection, reason):
    pairs = zip(selection.question_ids, selection.reasons, strict=True)
    return [question_id for question_id, why in pairs if why == reason]


def test_the_extremes_are_the_most_certain_wrong_and_the_least_certain_right():
    selection = select(PREDICTIONS, count=12, seed=1)
    assert chosen(selection, CERTAIN_WRONG) == [100, 103, 106]
    assert chosen(selection, UNCERTAIN_RIGHT) == [129, 126, 123]
    assert len(chosen(selection, RANDOM)) == 6


@given(st.integers(0, 40), st.integers(0, 2**32 - 1), st.randoms())
def test_no_question_twice_and_the_order_of_rows_does_not_matter(count, seed, shuffler):
    order = list(range(30))
    shuffler.shuffle(order)
    selection = select(PREDICTIONS, count=count, seed=seed)
    assert len(set(selection.question_ids)) == len(selection.question_ids) == min(count, 30)
    assert select(PREDICTIONS.iloc[order], count=count, seed=seed) == selection


def test_another_seed_draws_other_questions():
    draws = {chosen_random(seed) for seed in range(5)}
    assert len(draws) > 1


def chosen_random(seed):
    return tuple(chosen(select(PREDICTIONS, count=8, seed=seed), RANDOM))


def test_ties_go_to_the_smaller_question_id():
    backwards = PREDICTIONS.assign(predictive=1.0).iloc[::-1]
    selection = select(backwards, count=8, seed=0)
    assert chosen(selection, CERTAIN_WRONG) == [100, 103]
    assert chosen(selection, UNCERTAIN_RIGHT) == [102, 105]


def test_missing_extremes_are_replaced_by_random_ones_and_the_rule_counts_what_was_found():
    never_wrong = PREDICTIONS.assign(accuracy_official=1.0, entropy=PREDICTIONS["predictive"])
    selection = select(
        never_wrong,
        count=8,
        seed=7,
        uncertainty="entropy",
        run_label="P-GCA",
        among="400 questions",
    )
    assert len(selection.question_ids) == 8
    assert chosen(selection, CERTAIN_WRONG) == []
    assert selection.rule.startswith(
        "Chosen from 400 questions by a fixed rule, not by hand: 6 drawn at random (seed 7), the 0 "
        "on which P-GCA was most certain, yet wrong, and the 2 on which it was least certain, yet "
        "right, by entropy uncertainty."
    )


def test_a_question_without_an_uncertainty_is_never_an_extreme():
    table = PREDICTIONS.copy()
    table.loc[table["question_id"] == 129, "predictive"] = np.nan
    assert chosen(select(table, count=8, seed=0), UNCERTAIN_RIGHT) == [126, 123]


def test_predictions_of_two_runs_or_without_uncertainty_are_refused():
    with pytest.raises(BadData, match="occurs twice"):
        select(pd.concat([PREDICTIONS, PREDICTIONS]), count=4, seed=0)
    with pytest.raises(BadData, match="lacks the columns entropy"):
        select(PREDICTIONS, count=4, seed=0, uncertainty="entropy")
