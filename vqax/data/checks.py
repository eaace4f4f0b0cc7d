"""One JSON entry of a questions or annotations file, checked and turned into a record."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeVar

from vqax.data.records import (
    ANSWER_TYPES,
    ANSWERS,
    CONFIDENCES,
    Annotation,
    Answer,
    Question,
    Skipped,
)
from vqax.errors import BadData, shown

AGAIN = "take it from the official file again or delete it"
OTHER_NUMBER = (
    f"{AGAIN}, or have data with another number of answers scored by accuracy `exact` or `simple` "
    "(datasets.NAME.accuracy in params.yaml, `vqax score --mode`)"
)
SURROGATE = re.compile("[\ud800-\udfff]")
"""JSON can write half of a pair of UTF-16 (``\\ud83d``), which no UTF-8 file can hold."""
NUMBER = re.compile(r"-?[0-9]{1,18}")
LARGEST = 2**63 - 1
"""Whole numbers are kept in 64 bits."""


class RecordError(Exception):
    """One entry cannot be used; the text says why, the reader adds file and entry."""


Report = Callable[[Skipped], None]
Record = TypeVar("Record", Question, Annotation)


def fail(problem: Skipped) -> None:
    """The report of a strict reader.

    Raises:
        BadData: always, with file, entry, reason and remedy in one sentence.
    """
    raise BadData(f"{problem.file}: {problem.entry} {problem.reason}")


def entry_name(raw: Any, position: int) -> str:
    """``question_id 7`` where there is one, else the entry's place in the list."""
    if isinstance(raw, dict) and type(raw.get("question_id")) is int:
        return f"question_id {raw['question_id']}"
    return f"entry number {position + 1}"


def field(raw: Any, key: str, kind: type, remedy: str = AGAIN) -> Any:
    """The value of ``key``; ``remedy`` is what to do about an entry that lacks it.

    Raises:
        RecordError: the entry is not an object, lacks the key or has another type there.
    """
    if not isinstance(raw, dict):
        raise RecordError(f"is {type(raw).__name__}, not an object; {remedy}")
    if key not in raw:
        raise RecordError(f"has no '{key}'; {remedy}")
    if type(raw[key]) is not kind:
        raise RecordError(
            f"has {key} {shown(raw[key])}, which is not {kind.__name__}; "
            f"{_retyped(raw[key], kind) or remedy}"
        )
    if kind is str and not raw[key].isascii() and SURROGATE.search(raw[key]):
        raise RecordError(f"has {key} {shown(raw[key])}, with half of a character; {remedy}")
    if kind is int and not -LARGEST <= raw[key] <= LARGEST:
        raise RecordError(f"has {key} {raw[key]!r:.40}…, beyond {LARGEST}; {remedy}")
    return raw[key]


def _retyped(value: Any, kind: type) -> str:
    """What to write where a number stands as a text, or the reverse; empty for anything else."""
    if kind is int and isinstance(value, str) and NUMBER.fullmatch(value):
        return f"write {value} without quotation marks"
    if kind is str and type(value) in (int, float):
        return f'write "{value}" with quotation marks'
    return ""


def choice(raw: Any, key: str, allowed: tuple[str, ...]) -> str:
    """The value of ``key``, one of ``allowed``."""
    value: str = field(raw, key, str)
    if value not in allowed:
        raise RecordError(f"has {key} {shown(value)}; write one of {', '.join(allowed)}")
    return value


def parse_question(raw: Any) -> Question:
    """Check one entry of a questions file."""
    return Question(
        question_id=field(raw, "question_id", int),
        image_id=field(raw, "image_id", int),
        question=field(raw, "question", str),
    )


@lru_cache(maxsize=1 << 16, typed=True)
def _answer(answer: Any, answer_confidence: Any, answer_id: Any) -> Answer:
    # Answers repeat: sharing them halves the time and the memory of a big file.
    raw = {
        "answer": answer,
        "answer_confidence": answer_confidence,
        "answer_id": answer_id,
    }
    return Answer(
        answer=field(raw, "answer", str),
        confidence=choice(raw, "answer_confidence", CONFIDENCES),
        answer_id=field(raw, "answer_id", int),
    )


def share_answers(raw: dict[str, Any]) -> Any:
    """A JSON hook: a good answer becomes its shared record at once, all else stays as it is."""
    if "answer_id" not in raw:
        return raw
    try:
        return parse_answer(raw)
    except RecordError:
        return raw


def parse_answer(raw: Any) -> Answer:
    """Check one of the answers of an annotation."""
    if isinstance(raw, Answer):
        return raw
    try:
        return _answer(raw["answer"], raw["answer_confidence"], raw["answer_id"])
    except KeyError as error:
        raise RecordError(f"has an answer without {error}; {AGAIN}") from error
    except TypeError as error:
        raise RecordError(f"has an answer {shown(raw)} of the wrong type; {AGAIN}") from error


def parse_annotation(raw: Any, *, answers: int | None = ANSWERS) -> Annotation:
    """Check one entry of an annotations file.

    Each question has ``answers`` of them, None: one or more. Their ``answer_id`` must differ: the
    official accuracy tells annotators apart by them.
    """
    given = tuple(parse_answer(answer) for answer in field(raw, "answers", list))
    if answers is not None and len(given) != answers:
        raise RecordError(f"has {_counted(len(given))}, not {answers}; {OTHER_NUMBER}")
    if not given:
        raise RecordError(f"has no answers; {AGAIN}")
    if len({answer.answer_id for answer in given}) != len(given):
        raise RecordError(f"has two answers with the same answer_id; number them 1 to {len(given)}")
    return Annotation(
        question_id=field(raw, "question_id", int),
        image_id=field(raw, "image_id", int),
        question_type=field(raw, "question_type", str),
        answer_type=choice(raw, "answer_type", ANSWER_TYPES),
        multiple_choice_answer=field(raw, "multiple_choice_answer", str),
        answers=given,
    )


def _counted(answers: int) -> str:
    return "1 answer" if answers == 1 else f"{answers} answers"


def parse_all(
    entries: Iterable[Any], parse: Callable[[Any], Record], file: str, report: Report
) -> tuple[dict[int, Record], set[int]]:
    """Records by question_id in file order, and the ids of those that were reported instead."""
    records: dict[int, Record] = {}
    broken: set[int] = set()
    for position, raw in enumerate(entries):
        try:
            record = parse(raw)
            if record.question_id in records:
                raise RecordError("occurs twice; keep one of the two entries")
            records[record.question_id] = record
        except RecordError as problem:
            report(Skipped(file, entry_name(raw, position), str(problem)))
            if isinstance(raw, dict) and type(raw.get("question_id")) is int:
                broken.add(raw["question_id"])
    return records, broken
