"""Official accuracy of 60,000 answers against the evaluator's own steps written out."""

from time import perf_counter
from typing import NamedTuple

import numpy as np

from vqax.metrics.accuracy import accuracies
from vqax.text.normalise import normalise_answer

QUESTIONS, ROUNDS = 60_000, 3


class Judged(NamedTuple):
    question_id: int
    answers: tuple[str, ...]


def uncached(text: str) -> str:
    return getattr(normalise_answer, "__wrapped__", normalise_answer)(text)


def written_out(predictions: dict[int, str], examples: list[Judged]) -> np.ndarray:
    """vqaEval.py: normalise every string where needed, then compare each person with the others."""
    scores = []
    for example in examples:
        answers, prediction = list(example.answers), predictions[example.question_id]
        if len(set(answers)) > 1:
            answers, prediction = [uncached(answer) for answer in answers], uncached(prediction)
        human_maps = list(enumerate(answers))
        leave_one_out = []
        for person in human_maps:
            others = [other for other in human_maps if other != person]
            matching = [other for other in others if other[1] == prediction]
            leave_one_out.append(min(1, len(matching) / 3))
        scores.append(sum(leave_one_out) / len(leave_one_out))
    return np.array(scores)


def data(rng: np.random.Generator) -> tuple[dict[int, str], list[Judged]]:
    words = [f"a {colour} thing, number-{i}" for i in range(1000) for colour in ("red", "blue")]
    first, second = rng.zipf(1.3, (2, QUESTIONS)) % len(words)
    agree = rng.integers(0, 11, QUESTIONS)
    examples = [
        Judged(i, (words[first[i]],) * agree[i] + (words[second[i]],) * (10 - agree[i]))
        for i in range(QUESTIONS)
    ]
    predictions = {i: words[word] for i, word in enumerate(first)}
    return predictions, examples


def main() -> None:
    predictions, examples = data(np.random.default_rng(0))
    ours, theirs = [], []
    for _ in range(ROUNDS):
        start = perf_counter()
        fast = accuracies(predictions, examples)
        middle = perf_counter()
        slow = written_out(predictions, examples)
        ours.append(middle - start)
        theirs.append(perf_counter() - middle)
    print(
        f"{QUESTIONS} answers: vqax {ours[0]:.2f} s the first time, then {min(ours):.2f} s; "
        f"the evaluator's steps {min(theirs):.2f} s; {min(theirs) / ours[0]:.1f} times as fast, "
        f"largest difference {np.abs(fast - slow).max():.1e}"
    )


if __name__ == "__main__":
    main()
