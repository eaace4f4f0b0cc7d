"""One JSON entry of a questions or annotations file, checked and turned into a record."""

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
from vqax.errors import BadData

AGAIN = "take it from the official file again or delete it"
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


def field(raw: Any, key: str, kind: type) -> Any:
    """The value of ``key``.

    Raises:
        RecordError: the entry is not an object, lacks the key or has another type there.
    """
    if not isinstance(raw, dict):
        raise RecordError(f"is {type(raw).__name__}, not an object; {AGAIN}")
    if key not in raw:
        raise RecordError(f"has no '{key}'; {AGAIN}")
    value: Any = raw[key]
    if type(value) is not kind:
        raise RecordError(f"has {key} {value!r:.80}, which is not {kind.__name__}; {AGAIN}")
    if kind is int and not -LARGEST <= raw[key] <= LARGEST:
        raise RecordError(f"has {key} {value!r:.40}…, beyond {LARGEST}; {AGAIN}")
    return value


def choice(raw: Any, key: str, allowed: tuple[str, ...]) -> str:
    """The value of ``key``, one of ``allowed``."""
    value: str = field(raw, key, str)
    if value not in allowed:
        raise RecordError(f"has {key} {value!r:.80}; write one of {', '.join(allowed)}")
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
    """Check one of the ten answers of an annotation."""
    if isinstance(raw, Answer):
        return raw
    try:
        return _answer(raw["answer"], raw["answer_confidence"], raw["answer_id"])
    except KeyError as error:
        raise RecordError(f"has an answer without {error}; {AGAIN}") from error
    except TypeError as error:
        raise RecordError(f"has an answer {raw!r:.80} of the wrong type; {AGAIN}") from error


def parse_annotation(raw: Any) -> Annotation:
    """Check one entry of an annotations file.

    The ten ``answer_id`` must differ: the official accuracy tells annotators apart by them.
    """
    answers = tuple(parse_answer(answer) for answer in field(raw, "answers", list))
    if len(answers) != ANSWERS:
        raise RecordError(f"has {len(answers)} answers, not {ANSWERS}; {AGAIN}")
    if len({answer.answer_id for answer in answers}) != ANSWERS:
        raise RecordError(f"has two answers with the same answer_id; number them 1 to {ANSWERS}")
    return Annotation(
        question_id=field(raw, "question_id", int),
        image_id=field(raw, "image_id", int),
        question_type=field(raw, "question_type", str),
        answer_type=choice(raw, "answer_type", ANSWER_TYPES),
        multiple_choice_answer=field(raw, "multiple_choice_answer", str),
        answers=answers,
    )


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
