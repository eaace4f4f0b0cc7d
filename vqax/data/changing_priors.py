"""A split whose answer priors change from train to test, made of any VQA data set.

Agrawal et al., Don't Just Assume; Look and Answer (2018), section 3. All questions of one type with
one answer are a group, and a group is never divided. Groups go to test in turn; after each, the
group that covers most of the concepts test has and train still lacks goes to train. Concepts are
the words of the question type and of the answer. When test has its share, the rest is train's.

The paper does not say in which order groups take their turn, and stops at "about" the share: here
the order is drawn from the seed, and a group too big for what is left of the share is passed over.
Where an answer belongs to one question type alone (numbers, in small data sets), no other group can
cover it and no model can learn it; ``covering_share`` is then how much of such a group stays in
train. The published procedure has none (0).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from vqax.data.records import Example
from vqax.errors import BadData
from vqax.text.normalise import normalise_answer

TEST_SHARE = 1 / 3


class Group(NamedTuple):
    """The questions of one type with one (normalised) answer."""

    question_type: str
    answer: str
    question_ids: tuple[int, ...]

    @property
    def concepts(self) -> frozenset[str]:
        """The words of type and answer."""
        return frozenset(self.question_type.split()) | frozenset(self.answer.split())


def grouped(examples: Iterable[Example]) -> list[Group]:
    """The groups by type and answer, whatever the order of ``examples``."""
    members: dict[tuple[str, str], list[int]] = {}
    for example in examples:
        key = (example.question_type, normalise_answer(example.multiple_choice_answer))
        members.setdefault(key, []).append(example.question_id)
    return [Group(*key, tuple(sorted(members[key]))) for key in sorted(members)]


def changing_priors(
    examples: Iterable[Example],
    *,
    test_share: float = TEST_SHARE,
    covering_share: float = 0.0,
    seed: int,
) -> frozenset[int]:
    """The question ids of the test part, at most ``test_share`` of all; the rest is train.

    Raises:
        BadData: no question type has two answers, or not one group fits into the share.
    """
    groups = grouped(examples)
    types = [group.question_type for group in groups]
    if len(set(types)) == len(types):
        raise BadData(
            f"{len(groups)} groups of question type and answer: no type has two answers, so there "
            "is no prior to change; give a data set with several answers a type"
        )
    rng = np.random.default_rng(seed)
    total = sum(len(group.question_ids) for group in groups)
    turns = [groups[index] for index in rng.permutation(len(groups))]
    test = _test_groups(turns, test_share * total)
    if not test:
        raise BadData(
            f"test_share {test_share:g} of {total} questions is less than the smallest group of "
            "question type and answer; raise it or give more questions"
        )
    chosen = frozenset(key for group in test for key in group.question_ids)
    return chosen - _covering(groups, test, covering_share, rng)


def _covering(
    groups: Iterable[Group], test: Iterable[Group], share: float, rng: np.random.Generator
) -> frozenset[int]:
    """The questions of test that train needs to see each answer of test at all."""
    in_test = set(test)
    known = {group.answer for group in groups if group not in in_test}
    kept: list[int] = []
    for group in sorted(in_test):
        if group.answer not in known:
            number = round(share * len(group.question_ids))
            kept += rng.permutation(group.question_ids)[:number].tolist()
    return frozenset(kept)


def _test_groups(groups: Sequence[Group], limit: float) -> list[Group]:
    """The groups of test; ``groups`` take their turn as they stand."""
    coverage = _Coverage(groups)
    free = np.ones(len(groups), dtype=bool)
    test: list[Group] = []
    left = limit
    for index, group in enumerate(groups):
        if not free[index] or len(group.question_ids) > left:
            continue
        free[index] = False
        test.append(group)
        left -= len(group.question_ids)
        coverage.add_to_test(index)
        best = coverage.best(free)
        if best is not None:
            free[best] = False
            coverage.add_to_train(best)
    return test


class _Coverage:
    """How many of the concepts that test has and train lacks each group would bring to train."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._concepts = [group.concepts for group in groups]
        having: dict[str, list[int]] = {}
        for index, concepts in enumerate(self._concepts):
            for concept in concepts:
                having.setdefault(concept, []).append(index)
        self._having = {concept: np.array(indices) for concept, indices in having.items()}
        self._brings = np.zeros(len(groups), dtype=np.int64)
        self._in_train: set[str] = set()
        self._wanted: set[str] = set()

    def add_to_test(self, index: int) -> None:
        for concept in self._concepts[index] - self._in_train - self._wanted:
            self._wanted.add(concept)
            self._brings[self._having[concept]] += 1

    def add_to_train(self, index: int) -> None:
        self._in_train |= self._concepts[index]
        for concept in self._concepts[index] & self._wanted:
            self._wanted.remove(concept)
            self._brings[self._having[concept]] -= 1

    def best(self, free: np.ndarray) -> int | None:
        """The free group that brings most, the first of equals; None where none brings any."""
        brings = np.where(free, self._brings, 0)
        index = int(brings.argmax())
        return index if brings[index] > 0 else None
