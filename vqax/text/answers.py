"""The answers a model can give, and the soft scores it learns from.

Scores follow the official accuracy averaged over annotators: 0, .3, .6, .9, 1 for 0, 1, 2, 3 and
at least 4 of ten. Of another number of annotators it is the share of three that gave the answer, at
most 1 (of fewer than three: of those there are), so a single answer has the score 1. Unlike
hengyuan-hu's targets, which look up the raw texts, both the vocabulary and the annotators' answers
are normalised here.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from vqax.text.normalise import normalise_answer
from vqax.text.vocabulary_file import read_list, write_list

__all__ = ["AnswerVocabulary", "normalise_answer", "soft_scores", "soft_target"]

SCORES = (0.0, 0.3, 0.6, 0.9, 1.0)
ANNOTATORS, NEEDED = 10, 3


@runtime_checkable
class Answered(Protocol):
    """What a vocabulary is built from; ``vqax.data.Example`` and ``Annotation`` are such."""

    @property
    def multiple_choice_answer(self) -> str: ...


@dataclass(frozen=True)
class AnswerVocabulary:
    """Normalised answers by index; build it from training examples only.

    The empty text (``"a"`` normalised) may be among them, as in the 3,129 answers in public use.
    """

    answers: tuple[str, ...]

    @classmethod
    def from_examples(cls, examples: Iterable[Answered], min_count: int) -> "AnswerVocabulary":
        """The answers most annotators gave to at least ``min_count`` questions, frequent first."""
        counts = Counter(normalise_answer(e.multiple_choice_answer) for e in examples)
        kept = [answer for answer, n in counts.items() if n >= min_count]
        return cls(tuple(sorted(kept, key=lambda answer: (-counts[answer], answer))))

    @cached_property
    def index(self) -> dict[str, int]:
        """Index of each normalised answer."""
        return {answer: k for k, answer in enumerate(self.answers)}

    def index_of(self, answer: str) -> int | None:
        """Index of an answer in any spelling, None if the model cannot give it.

        The exact spelling comes first, then the normalised one, then whatever is normalised alike.
        """
        plain = normalise_answer(answer)
        exact = self.index.get(answer, self.index.get(plain))
        return self._normalised.get(plain) if exact is None else exact

    @cached_property
    def _normalised(self) -> dict[str, int]:
        """The first index of each answer, normalised: a foreign model's list may not be."""
        pairs = enumerate(self.answers)
        return {normalise_answer(answer): k for k, answer in reversed([*pairs])}

    def __len__(self) -> int:
        return len(self.answers)

    def to_json(self, path: Path) -> None:
        """Write the answers."""
        write_list(path, "answers", self.answers)

    @classmethod
    def from_json(cls, path: Path) -> "AnswerVocabulary":
        """Read what ``to_json`` wrote.

        Raises:
            MissingArtefact: there is no such file.
            BadData: it is cut or not a vocabulary.
        """
        return cls(read_list(path, "answers"))


def soft_scores(answers: Sequence[str]) -> dict[str, float]:
    """Score in [0, 1] of each distinct normalised answer of the annotators."""
    counts = Counter(normalise_answer(answer) for answer in answers)
    if len(answers) != ANNOTATORS:
        needed = min(NEEDED, len(answers))
        return {answer: min(n, needed) / needed for answer, n in counts.items()}
    return {answer: SCORES[min(n, len(SCORES) - 1)] for answer, n in counts.items()}


def soft_target(answers: Sequence[str], vocabulary: AnswerVocabulary) -> Float32[np.ndarray, " a"]:
    """The soft scores laid out over the vocabulary; answers outside it are lost."""
    target = np.zeros(len(vocabulary), dtype=np.float32)
    for answer, score in soft_scores(answers).items():
        place = vocabulary.index.get(answer)
        if place is not None:
            target[place] = score
    return target
