"""The questions and annotations of a split, joined; what cannot be joined is listed."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

from vqax.data.checks import (
    Report,
    fail,
    parse_all,
    parse_annotation,
    parse_question,
    share_answers,
)
from vqax.data.json_list import read_entries
from vqax.data.records import ANSWERS, Annotation, Example, Question, Skipped, Split
from vqax.errors import BadData


class Pairs(NamedTuple):
    """Each usable question with its annotation, and every record that is not usable."""

    pairs: list[tuple[Question, Annotation]]
    skipped: list[Skipped]


def read_split(
    questions_path: Path,
    annotations_path: Path,
    *,
    strict: bool = False,
    answers: int | None = ANSWERS,
) -> Split:
    """Join the two files of a split, in the order of the questions.

    A record that cannot be used is listed in ``skipped``; ``strict`` raises at the first one. Each
    question has ``answers`` of them; None: one or more.

    Raises:
        MissingArtefact: one of the files is absent.
        BadData: a file is cut; not one record joins; with ``strict`` any unusable record.
    """
    pairs, skipped = read_pairs(questions_path, annotations_path, strict=strict, answers=answers)
    return Split([join(question, annotation) for question, annotation in pairs], skipped)


def read_pairs(
    questions_path: Path,
    annotations_path: Path,
    *,
    strict: bool = False,
    answers: int | None = ANSWERS,
) -> Pairs:
    """As ``read_split``, with the two records as they stand in the files."""
    skipped: list[Skipped] = []
    report: Report = fail if strict else skipped.append
    questions, bad_questions = parse_all(
        read_entries(questions_path, "questions"), parse_question, str(questions_path), report
    )
    annotations, bad_annotations = parse_all(
        read_entries(annotations_path, "annotations", share_answers),
        partial(parse_annotation, answers=answers),
        str(annotations_path),
        report,
    )
    for question_id in questions:
        if question_id not in annotations and question_id not in bad_annotations:
            report(_alone(questions_path, question_id, "annotation", annotations_path))
    for question_id in annotations:
        if question_id not in questions and question_id not in bad_questions:
            report(_alone(annotations_path, question_id, "question", questions_path))
    pairs = _matched(questions, annotations, annotations_path, report)
    if skipped and not pairs:
        left = nothing_left(f"annotation for {questions_path}", skipped)
        raise BadData(f"{annotations_path}: {left}")
    return Pairs(pairs, skipped)


def nothing_left(kind: str, skipped: list[Skipped]) -> str:
    """The words for files that leave no ``kind`` to work with."""
    if not skipped:
        return f"not one {kind}, the list is empty; give a file that has some"
    return (
        f"not one usable {kind} "
        f"(the first of {len(skipped)} problems: {skipped[0].entry} {skipped[0].reason})"
    )


def _matched(
    questions: dict[int, Question],
    annotations: dict[int, Annotation],
    annotations_path: Path,
    report: Report,
) -> list[tuple[Question, Annotation]]:
    pairs = []
    for question_id, question in questions.items():
        annotation = annotations.get(question_id)
        if annotation is None:
            continue
        if annotation.image_id != question.image_id:
            report(_other_image(annotations_path, annotation, question))
        else:
            pairs.append((question, annotation))
    return pairs


def join(question: Question, annotation: Annotation) -> Example:
    """One record of both, the answers in ``answer_id`` order."""
    ordered = sorted(annotation.answers, key=lambda answer: answer.answer_id)
    return Example(
        question_id=question.question_id,
        image_id=question.image_id,
        question=question.question,
        question_type=annotation.question_type,
        answer_type=annotation.answer_type,
        multiple_choice_answer=annotation.multiple_choice_answer,
        answers=tuple(answer.answer for answer in ordered),
    )


def _alone(path: Path, question_id: int, partner: str, other: Path) -> Skipped:
    return Skipped(
        str(path),
        f"question_id {question_id}",
        f"has no {partner} in {other}; add it there or delete this entry",
    )


def _other_image(path: Path, annotation: Annotation, question: Question) -> Skipped:
    return Skipped(
        str(path),
        f"question_id {annotation.question_id}",
        f"has image_id {annotation.image_id}, but its question has {question.image_id}; "
        "give two files of the same version or correct one of them",
    )
