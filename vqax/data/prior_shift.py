"""How far the answer priors of two parts differ, question type by question type."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import fsum
from typing import NamedTuple

import numpy as np
import pandas as pd

from vqax.data.records import Example
from vqax.errors import BadData
from vqax.text.answers import soft_scores
from vqax.text.normalise import normalise_answer

COLUMNS = (
    *("question_type", "train_questions", "test_questions", "total_variation"),
    *("train_answer", "train_share", "test_answer", "test_share"),
)
LEAST_CHANGE = 2.0
"""Priors that change differ by more than so many times what chance makes of them."""


def prior_shift(train: Iterable[Example], test: Iterable[Example]) -> pd.DataFrame:
    """A row per question type of either part, most test questions first.

    ``total_variation`` is ½ Σ_a |p_train(a) - p_test(a)| over the most common answers of the
    questions, 0 for equal priors, 1 where no answer is in both, NaN for a type that one part lacks.
    ``train_answer`` and ``test_answer`` are the most common ones, ``…_share`` how common.
    """
    ours, theirs = _answers_by_type(train), _answers_by_type(test)
    rows = [_row(name, ours.get(name, Counter()), theirs.get(name, Counter()))
            for name in sorted({*ours, *theirs})]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.sort_values("test_questions", ascending=False, kind="stable", ignore_index=True)


def mean_variation(shift: pd.DataFrame) -> float:
    """The mean of ``total_variation``, a type as often as it has test questions; NaN for none."""
    both = shift[shift["total_variation"].notna() & (shift["test_questions"] > 0)]
    if both.empty:
        return float("nan")
    return float(np.average(both["total_variation"], weights=both["test_questions"]))


def chance_variation(train: Sequence[Example], test: Sequence[Example], seed: int) -> float:
    """The mean variation of parts of the same sizes drawn at random: small types differ anyway."""
    everything = [*train, *test]
    order = np.random.default_rng(seed).permutation(len(everything))
    drawn = [everything[index] for index in order]
    return mean_variation(prior_shift(drawn[: len(train)], drawn[len(train) :]))


class PriorChange(NamedTuple):
    """Two parts and how far their priors differ.

    ``total_variation`` is the mean over the types, ``chance_variation`` that of parts of the same
    sizes drawn at random; ``answer_coverage`` and the accuracies are of the functions below.
    """

    train_questions: int
    test_questions: int
    total_variation: float
    chance_variation: float
    answer_coverage: float
    prior_accuracy_train: float
    prior_accuracy_test: float


def prior_change(train: Sequence[Example], test: Sequence[Example], seed: int) -> PriorChange:
    """All the numbers; ``seed`` is of the random parts."""
    return PriorChange(
        *(len(train), len(test), mean_variation(prior_shift(train, test))),
        *(chance_variation(train, test, seed), answer_coverage(train, test)),
        *(prior_accuracy(train, train), prior_accuracy(train, test)),
    )


def refuse_equal_priors(change: PriorChange, name: str) -> None:
    """Let parts pass whose priors really differ.

    Raises:
        BadData: they share no question type, or their priors are about as equal as by chance.
    """
    measured, chance = change.total_variation, change.chance_variation
    if not measured > min(LEAST_CHANGE * chance, (1 + chance) / 2):
        raise BadData(
            f"{name}: the answer priors of train and test differ by {measured:.3f} (mean total "
            f"variation per question type), parts drawn at random by {chance:.3f}; another seed or "
            "test_share, or more questions a type, is needed"
        )


def prior_accuracy(train: Iterable[Example], test: Sequence[Example]) -> float:
    """Official accuracy on test of always giving train's most common answer of the type."""
    commonest = {
        name: found.most_common(1)[0][0] for name, found in _answers_by_type(train).items()
    }
    scores = [
        soft_scores(example.answers).get(commonest.get(example.question_type, "yes"), 0.0)
        for example in test
    ]
    return float(np.mean(scores)) if scores else float("nan")


def answer_coverage(train: Iterable[Example], test: Sequence[Example]) -> float:
    """Share of test's questions whose most common answer is one in train, of any type."""
    known = {normalise_answer(example.multiple_choice_answer) for example in train}
    covered = [normalise_answer(example.multiple_choice_answer) in known for example in test]
    return float(np.mean(covered)) if covered else float("nan")


def _answers_by_type(examples: Iterable[Example]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for example in examples:
        answers = found.setdefault(example.question_type, Counter())
        answers[normalise_answer(example.multiple_choice_answer)] += 1
    return found


def _row(
    name: str, train: Counter[str], test: Counter[str]
) -> tuple[str, int, int, float, str, float, str, float]:
    n, m = train.total(), test.total()
    variation = float("nan")
    if n and m:
        # a set of texts has another order in every process, on which fsum does not depend
        variation = fsum(abs(train[a] / n - test[a] / m) for a in {*train, *test}) / 2
    return name, n, m, variation, *_commonest(train), *_commonest(test)


def _commonest(answers: Counter[str]) -> tuple[str, float]:
    if not answers:
        return "", float("nan")
    answer, count = answers.most_common(1)[0]
    return answer, count / answers.total()
