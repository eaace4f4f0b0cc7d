"""The published procedure, against a slow twin that follows its sentences one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.small import example, examples
from vqax.data.changing_priors import changing_priors, grouped
from vqax.data.records import Example
from vqax.errors import BadData

TYPES = ("is", "is the", "what", "what is", "how many")
ANSWERS = ("yes", "no", "red cat", "red", "2")


def random_examples(seed: int, number: int = 60) -> list[Example]:
    rng = np.random.default_rng(seed)
    return [
        example(k, TYPES[rng.integers(5)], ANSWERS[min(rng.geometric(0.4) - 1, 4)])
        for k in range(number)
    ]


def literal(listed: list[Example], test_share: float, seed: int) -> set[int]:
    """Agrawal et al. 2018, section 3, without any bookkeeping."""
    groups: dict[tuple[str, str], set[int]] = {}
    for one in listed:
        groups.setdefault((one.question_type, one.multiple_choice_answer), set()).add(
            one.question_id
        )
    names = sorted(groups)
    names = [names[k] for k in np.random.default_rng(seed).permutation(len(names))]
    train: list[tuple[str, str]] = []
    test: list[tuple[str, str]] = []

    def concepts(chosen: list[tuple[str, str]]) -> set[str]:
        return {word for name in chosen for text in name for word in text.split()}

    for name in names:
        size = sum(len(groups[one]) for one in test)
        if name in train or size + len(groups[name]) > test_share * len(listed):
            continue
        test.append(name)
        wanted = concepts(test) - concepts(train)
        free = [one for one in names if one not in train and one not in test]
        scores = [len(concepts([one]) & wanted) for one in free]
        if scores and max(scores) > 0:
            train.append(free[scores.index(max(scores))])
    return {question_id for name in test for question_id in groups[name]}


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 10_000), st.sampled_from([0.2, 1 / 3, 0.6]))
def test_agrees_with_the_literal_procedure(seed: int, share: float) -> None:
    listed = random_examples(seed)
    assert changing_priors(listed, test_share=share, seed=seed) == literal(listed, share, seed)


def test_no_type_and_answer_in_both_parts_and_a_share_that_is_kept() -> None:
    listed = random_examples(3, 400)
    test = changing_priors(listed, seed=5)
    sides: dict[tuple[str, str], set[bool]] = {}
    for one in listed:
        key = (one.question_type, one.multiple_choice_answer)
        sides.setdefault(key, set()).add(one.question_id in test)
    assert all(len(side) == 1 for side in sides.values())
    assert 0.25 < len(test) / len(listed) <= 1 / 3


def test_the_order_of_the_questions_does_not_matter_the_seed_does() -> None:
    listed = random_examples(4, 200)
    assert changing_priors(listed, seed=1) == changing_priors(listed[::-1], seed=1)
    assert len({changing_priors(listed, seed=seed) for seed in range(6)}) > 1


def test_answers_are_grouped_as_the_evaluator_compares_them() -> None:
    listed = [example(1, "is", "Yes"), example(2, "is", "yes."), example(3, "is", "no")]
    assert [(g.answer, g.question_ids) for g in grouped(listed)] == [("no", (3,)), ("yes", (1, 2))]


def test_a_share_stays_in_train_of_an_answer_that_no_other_group_has() -> None:
    listed = examples(how_many={"1": 40, "2": 40, "3": 40})
    plain = changing_priors(listed, seed=0)
    covered = changing_priors(listed, covering_share=0.25, seed=0)
    answer_of = {one.question_id: one.multiple_choice_answer for one in listed}
    assert len({answer_of[key] for key in plain}) == 1
    assert len(plain) == 40
    assert covered < plain
    assert len(covered) == 30


def test_nothing_stays_where_another_group_of_train_has_the_answer() -> None:
    listed = examples(how_many={"1": 40, "2": 40}, how_many_people_are={"1": 40, "2": 40})
    seen = set()
    for seed in range(8):
        test = changing_priors(listed, test_share=0.5, seed=seed)
        answers = [one.multiple_choice_answer for one in listed if one.question_id not in test]
        covered = set(answers) == {"1", "2"}
        seen.add(covered)
        again = changing_priors(listed, test_share=0.5, covering_share=0.5, seed=seed)
        assert (again == test) == covered
    assert seen == {True, False}


def test_one_answer_a_type_has_no_prior_to_change() -> None:
    with pytest.raises(BadData, match=r"2 groups .* no type has two answers"):
        changing_priors(examples(is_it={"yes": 3}, what={"dog": 3}), seed=0)


def test_a_share_below_the_smallest_group() -> None:
    with pytest.raises(BadData, match=r"test_share 0.1 of 20 questions .* raise it"):
        changing_priors(examples(is_it={"yes": 10, "no": 10}), test_share=0.1, seed=0)
