"""The records of a VQA data set: questions, their annotations, and both joined."""

from dataclasses import dataclass
from typing import NamedTuple

ANSWERS = 10
"""People who answer each question of VQA."""
ANSWER_TYPES = ("yes/no", "number", "other")
CONFIDENCES = ("yes", "maybe", "no")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one annotator said; ``confidence`` is yes, maybe or no, ``answer_id`` 1 to 10."""

    answer: str
    confidence: str
    answer_id: int


@dataclass(frozen=True, slots=True)
class Question:
    """An entry of the questions file."""

    question_id: int
    image_id: int
    question: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """An entry of the annotations file; ``answer_type`` is yes/no, number or other."""

    question_id: int
    image_id: int
    question_type: str
    answer_type: str
    multiple_choice_answer: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A question joined with its annotation; ``answers`` are texts in ``answer_id`` order."""

    question_id: int
    image_id: int
    question: str
    question_type: str
    answer_type: str
    multiple_choice_answer: str
    answers: tuple[str, ...]


class Skipped(NamedTuple):
    """A record that was left out: where it stands, and why with what to do about it."""

    file: str
    entry: str
    reason: str


class Questions(NamedTuple):
    """The usable questions of a split without their annotations, and every record that is not."""

    questions: list[Question]
    skipped: list[Skipped]


class Split(NamedTuple):
    """The usable records of a split, and every record that is not."""

    examples: list[Example]
    skipped: list[Skipped]
