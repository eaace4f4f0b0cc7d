"""Accuracy of answers: the official VQA evaluator, two variants, and one for single answers.

Antol et al., VQA (2015), and vqaEval.py of GT-Vision-Lab/VQA as of 2021. For each annotator i the
answer scores min(1, matches among the nine others / 3); the accuracy is the mean over i, which for
k matches of ten is 0, .3, .6, .9 and 1 from k = 4 on. These rules compare ten annotators;
``simple`` and ``exact`` any number of them, also one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from vqax.accuracy_rules import Mode, answers_per_question
from vqax.errors import BadData
from vqax.text.normalise import clean_space, normalise_answer

NEEDED = 3
"""So many annotators make an answer fully right."""


@runtime_checkable
class Judged(Protocol):
    """What is scored; ``vqax.data.Example`` is such."""

    @property
    def question_id(self) -> int: ...
    @property
    def answers(self) -> tuple[str, ...]: ...


def official_accuracy(prediction: str, answers: Sequence[str]) -> float:
    """Accuracy in [0, 1] as the official evaluator counts it.

    Both sides are normalised only if the annotators differ; a unanimous answer must be met
    letter by letter ("yes" against ten "Yes" scores 0).
    """
    cleaned = [clean_space(answer) for answer in answers]
    if len(set(cleaned)) > 1:
        return always_accuracy(prediction, cleaned)
    return _leave_one_out(cleaned.count(clean_space(prediction)), len(cleaned))


def always_accuracy(prediction: str, answers: Sequence[str]) -> float:
    """The official rule with both sides normalised even if the annotators agree."""
    return _leave_one_out(_matches(prediction, answers), len(answers))


def simple_accuracy(prediction: str, answers: Sequence[str]) -> float:
    """min(1, matches / 3), the rule U-CAM prints: .33, .67, 1 for 1, 2, 3 of ten, normalised.

    Of fewer than three answers, matches / how many there are: one answer is met or not.
    """
    needed = min(NEEDED, len(answers))
    return min(needed, _matches(prediction, answers)) / needed


def exact_accuracy(prediction: str, answers: Sequence[str]) -> float:
    """1 where the prediction is one of the answers, both normalised, else 0."""
    return float(_matches(prediction, answers) > 0)


ACCURACIES: dict[str, Callable[[str, Sequence[str]], float]] = {
    "official": official_accuracy,
    "always": always_accuracy,
    "simple": simple_accuracy,
    "exact": exact_accuracy,
}


def cannot_be_matched(answers: Sequence[str], mode: Mode) -> bool:
    """Whether not one normalised answer, which is all that a model gives, scores above 0.

    Under ``official`` so where ten people agree on a text that normalisation changes ("No"): the
    evaluator then compares letter by letter.
    """
    accuracy = ACCURACIES[mode]
    return not any(accuracy(answer, answers) for answer in {normalise_answer(a) for a in answers})


def accuracies(
    predictions: Mapping[int, str], examples: Iterable[Judged], mode: Mode = "official"
) -> Float64[np.ndarray, " n"]:
    """One accuracy in [0, 1] per example, in their order; other predictions are ignored.

    Raises:
        BadData: an example has no prediction, or a rule of ten annotators is asked of another
            number of answers (one answer has no others to agree with, and would always score 0).
    """
    accuracy, annotators = ACCURACIES[mode], answers_per_question(mode)
    scores = []
    for example in examples:
        if example.question_id not in predictions:
            raise BadData(
                f"predictions: question_id {example.question_id} has no answer; "
                "answer every question of the split"
            )
        if annotators is not None and len(example.answers) != annotators:
            raise BadData(
                f"question_id {example.question_id}: has {len(example.answers)} answers, and "
                f"accuracy {mode!r} compares {annotators}; score by 'exact' or 'simple'"
            )
        scores.append(accuracy(predictions[example.question_id], example.answers))
    return np.array(scores, dtype=np.float64)


def _matches(prediction: str, answers: Sequence[str]) -> int:
    wanted = normalise_answer(prediction)
    return sum(normalise_answer(answer) == wanted for answer in answers)


def _leave_one_out(matches: int, annotators: int) -> float:
    # In thirds, as integers: the one division rounds once, so .3 is the float 0.3.
    thirds = matches * min(NEEDED, matches - 1) + (annotators - matches) * min(NEEDED, matches)
    return thirds / (NEEDED * annotators)
