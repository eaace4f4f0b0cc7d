"""Question, annotation and result files of VQA v1, v2 and VQA-CP, in and out.

The readers take the official top-level object or the bare list of VQA-CP, plain or ``.json.gz``.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from vqax.data.checks import (
    RecordError,
    entry_name,
    fail,
    field,
    parse_all,
    parse_annotation,
    parse_question,
    share_answers,
)
from vqax.data.folder import VqaFolder
from vqax.data.json_list import RESULTS, read_entries, write_any_json
from vqax.data.records import ANSWERS, Annotation, Answer, Example, Question, Skipped, Split
from vqax.data.split import read_split

__all__ = [
    "Annotation",
    "Answer",
    "Example",
    "Question",
    "Skipped",
    "Split",
    "VqaFolder",
    "read_annotations",
    "read_questions",
    "read_results",
    "read_split",
    "write_annotations",
    "write_questions",
    "write_results",
]

INFO = {"description": "Questions and answers in the layout of the VQA data set.", "version": "1.0"}
LICENSE = {
    "url": "http://creativecommons.org/licenses/by/4.0/",
    "name": "Creative Commons Attribution 4.0 International License",
}


def read_questions(path: Path) -> list[Question]:
    """The entries of a questions file, in file order.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut, or an entry lacks a key, has a wrong type or occurs twice.
    """
    entries = read_entries(path, "questions")
    return list(parse_all(entries, parse_question, str(path), fail)[0].values())


def read_annotations(path: Path, *, answers: int | None = ANSWERS) -> list[Annotation]:
    """The entries of an annotations file, in file order.

    Each question has ``answers`` of them; None: one or more.

    Raises:
        MissingArtefact: there is no such file.
        BadData: as for ``read_questions``, or an entry has another number of answers.
    """
    entries = read_entries(path, "annotations", share_answers)
    parse = partial(parse_annotation, answers=answers)
    return list(parse_all(entries, parse, str(path), fail)[0].values())


def read_results(path: Path, known: Collection[int]) -> dict[int, str]:
    """The official result format ``[{question_id, answer}]`` as a mapping.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut, or an entry occurs twice, lacks a key or is not in ``known``.
    """
    answers: dict[int, str] = {}
    wanted = frozenset(known)
    for position, raw in enumerate(read_entries(path, "results")):
        try:
            question_id = field(raw, "question_id", int, RESULTS)
            answer = field(raw, "answer", str, RESULTS)
            if question_id not in wanted:
                raise RecordError(
                    f"is not among the {len(wanted)} questions of the split; "
                    "delete the entry or give the split it belongs to"
                )
            if question_id in answers:
                raise RecordError("occurs twice; keep one of the two entries")
            answers[question_id] = answer
        except RecordError as problem:
            fail(Skipped(str(path), entry_name(raw, position), str(problem)))
    return answers


def write_questions(
    path: Path,
    questions: Iterable[Question],
    *,
    data_subtype: str,
    info: Mapping[str, Any] | None = None,
) -> None:
    """Write a questions file with the official top-level keys; ``.gz`` names are compressed."""
    entries = [question_entry(question) for question in questions]
    head = {"info": dict(info or INFO), "task_type": "Open-Ended", "data_type": "mscoco"}
    tail = {"license": LICENSE, "data_subtype": data_subtype, "questions": entries}
    write_any_json(path, head | tail)


def write_annotations(
    path: Path,
    annotations: Iterable[Annotation],
    *,
    data_subtype: str,
    info: Mapping[str, Any] | None = None,
) -> None:
    """Write an annotations file with the official top-level keys; ``.gz`` names are compressed."""
    entries = [annotation_entry(annotation) for annotation in annotations]
    head = {"info": dict(info or INFO), "data_type": "mscoco", "license": LICENSE}
    write_any_json(path, head | {"data_subtype": data_subtype, "annotations": entries})


def write_results(path: Path, answers: Mapping[int, str]) -> None:
    """Write the result format of the official evaluation server."""
    entries = [{"question_id": key, "answer": answer} for key, answer in answers.items()]
    write_any_json(path, entries)


def question_entry(question: Question) -> dict[str, Any]:
    """What stands for a question in the official file."""
    return {
        "image_id": question.image_id,
        "question": question.question,
        "question_id": question.question_id,
    }


def annotation_entry(annotation: Annotation) -> dict[str, Any]:
    """What stands for an annotation in the official file."""
    return {
        "question_type": annotation.question_type,
        "multiple_choice_answer": annotation.multiple_choice_answer,
        "answers": [
            {
                "answer": answer.answer,
                "answer_confidence": answer.confidence,
                "answer_id": answer.answer_id,
            }
            for answer in annotation.answers
        ],
        "image_id": annotation.image_id,
        "answer_type": annotation.answer_type,
        "question_id": annotation.question_id,
    }
