"""Every way one entry of a questions or annotations file can be wrong."""

from typing import Any

import pytest

from tests.data.official import annotation_entry, question_entry
from vqax.data.checks import (
    RecordError,
    entry_name,
    field,
    parse_all,
    parse_annotation,
    parse_question,
)
from vqax.data.records import Annotation, Answer, Question, Skipped


def ten(**changes: Any) -> list[dict[str, Any]]:
    answers = annotation_entry()["answers"]
    return [*answers[:9], answers[9] | changes]


def without(entry: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != key}


def test_a_good_question() -> None:
    assert parse_question(question_entry(7)) == Question(7, 70, "What's that?")


def test_extra_keys_do_not_matter() -> None:
    assert parse_question(question_entry(7, split="train", coco_split="val2014")).image_id == 70


def test_a_good_annotation() -> None:
    annotation = parse_annotation(annotation_entry(7))
    assert isinstance(annotation, Annotation)
    assert annotation.answers[9] == Answer("dog 10", "maybe", 10)
    assert annotation.question_type == "what's"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ([1, 2], "is list, not an object"),
        (without(question_entry(), "question"), "has no 'question'"),
        (question_entry(image_id="7o"), "has image_id '7o', which is not int"),
        (question_entry(image_id=True), "has image_id True, which is not int"),
        (question_entry(question=None), "has question None, which is not str"),
        (question_entry(question="A \ud83d?"), "has question 'A \\ud83d?', with half of a char"),
    ],
)
def test_a_bad_question(raw: Any, why: str) -> None:
    with pytest.raises(RecordError) as caught:
        parse_question(raw)
    assert why in str(caught.value)
    assert "take it from the official file again or delete it" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"answers": ten()[:9]}, "has 9 answers, not 10; take it from the official file"),
        ({"answers": []}, "has 0 answers, not 10; take it"),
        ({"answers": ten(answer_id=1)}, "same answer_id; number them 1 to 10"),
        (
            {"answers": ten(answer_id="10")},
            "has answer_id '10', which is not int; write 10 without",
        ),
        ({"answers": ten(answer_id=[])}, "of the wrong type; take it"),
        ({"answers": ten(answer=4)}, 'has answer 4, which is not str; write "4" with'),
        (
            {"answers": ten(answer_confidence="sure")},
            "has answer_confidence 'sure'; write one of yes, maybe, no",
        ),
        ({"answers": [*ten()[:9], "dog"]}, "has an answer 'dog' of the wrong type; take it"),
        (
            {"answers": [*ten()[:9], {"answer": "dog", "answer_id": 10}]},
            "has an answer without 'answer_confidence'; take it",
        ),
        ({"answers": "dog"}, "has answers 'dog', which is not list; take it"),
        ({"answer_type": "colour"}, "'colour'; write one of yes/no, number, other"),
        (
            {"multiple_choice_answer": 2},
            'answer 2, which is not str; write "2" with quotation marks',
        ),
    ],
)
def test_a_bad_annotation(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(RecordError) as caught:
        parse_annotation(annotation_entry(7, **changes))
    assert why in str(caught.value)


@pytest.mark.parametrize("number", [1, 3, 10, 14])
def test_one_to_n_answers(number: int) -> None:
    """A rule that compares any number of answers reads them; by default there are ten."""
    answers = [dict(ten()[0], answer_id=k) for k in range(number)]
    entry = annotation_entry(7, answers=answers)
    assert len(parse_annotation(entry, answers=None).answers) == number
    if number != 10:
        with pytest.raises(RecordError, match=f"has {number} answers?, not 10; .*accuracy `exact`"):
            parse_annotation(entry)


def test_no_answer_is_too_few_for_every_rule() -> None:
    with pytest.raises(RecordError, match="has no answers; take it"):
        parse_annotation(annotation_entry(7, answers=[]), answers=None)
    twice = [dict(ten()[0], answer_id=1)] * 2
    with pytest.raises(RecordError, match="same answer_id; number them 1 to 2"):
        parse_annotation(annotation_entry(7, answers=twice), answers=None)


@pytest.mark.parametrize(
    ("value", "kind", "remedy"),
    [
        ("70", int, "write 70 without quotation marks"),
        ("-7", int, "write -7 without quotation marks"),
        ("7o", int, "take it from the official file"),
        ("9" * 19, int, "take it from the official file"),
        (2, str, 'write "2" with quotation marks'),
        (2.5, str, 'write "2.5" with quotation marks'),
        (True, str, "take it from the official file"),
        (7.0, int, "take it from the official file"),
    ],
)
def test_the_remedy_fits_the_value(value: Any, kind: type, remedy: str) -> None:
    with pytest.raises(RecordError, match=f"which is not {kind.__name__}; {remedy}"):
        field({"key": value}, "key", kind)


def test_a_long_value_is_not_told_whole() -> None:
    with pytest.raises(RecordError) as caught:
        field({"key": [["x" * 10_000] * 50] * 50}, "key", int)
    assert len(str(caught.value)) < 300


def test_an_entry_without_question_id_is_named_by_its_place() -> None:
    assert entry_name({"question_id": 7}, 4) == "question_id 7"
    assert entry_name({"question_id": "7"}, 4) == "entry number 5"
    assert entry_name(None, 0) == "entry number 1"


def test_parse_all_keeps_the_first_of_two_and_reports_the_others() -> None:
    problems: list[Skipped] = []
    entries = [question_entry(7), question_entry(7, image_id=71), question_entry(8, question=1), 3]
    records, broken = parse_all(entries, parse_question, "q.json", problems.append)
    assert [record.image_id for record in records.values()] == [70]
    assert broken == {7, 8}
    assert [problem.entry for problem in problems] == [
        "question_id 7",
        "question_id 8",
        "entry number 4",
    ]
    assert problems[0] == ("q.json", "question_id 7", "occurs twice; keep one of the two entries")
