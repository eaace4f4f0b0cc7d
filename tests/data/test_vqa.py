"""Official question, annotation and result files, read and written."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.official import annotation_entry, question_entry, write_pair
from vqax.data.vqa import (
    Annotation,
    Answer,
    Question,
    read_annotations,
    read_questions,
    read_results,
    write_annotations,
    write_questions,
    write_results,
)
from vqax.errors import BadData

IDS = st.integers(0, 2**40)
TEXTS = st.text(st.characters(codec="utf-8"))
QUESTIONS = st.lists(st.tuples(IDS, IDS, TEXTS), unique_by=lambda row: row[0])
ROWS = st.tuples(IDS, IDS, TEXTS, TEXTS, st.lists(TEXTS, min_size=10, max_size=10))
ANNOTATIONS = st.lists(ROWS, unique_by=lambda row: row[0], max_size=3)
same_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)


@same_folder
@given(rows=QUESTIONS)
def test_questions_survive_the_round_trip(tmp_path: Path, rows: list[tuple[int, int, str]]) -> None:
    questions = [Question(*row) for row in rows]
    write_questions(tmp_path / "q.json", questions, data_subtype="val2014")
    assert read_questions(tmp_path / "q.json") == questions


@same_folder
@given(rows=ANNOTATIONS)
def test_annotations_survive_the_round_trip(
    tmp_path: Path, rows: list[tuple[int, int, str, str, list[str]]]
) -> None:
    annotations = []
    for question_id, image_id, question_type, choice, texts in rows:
        answers = tuple(Answer(text, "no", k) for k, text in enumerate(texts, start=1))
        annotations.append(
            Annotation(question_id, image_id, question_type, "number", choice, answers)
        )
    write_annotations(tmp_path / "a.json.gz", annotations, data_subtype="val2014")
    assert read_annotations(tmp_path / "a.json.gz") == annotations


@same_folder
@given(answers=st.dictionaries(IDS, TEXTS))
def test_results_survive_the_round_trip(tmp_path: Path, answers: dict[int, str]) -> None:
    write_results(tmp_path / "r.json", answers)
    assert read_results(tmp_path / "r.json", answers.keys()) == answers


def test_written_files_have_the_official_keys(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "vqa_v1_official_mini"
    questions = folder / "OpenEnded_mscoco_train2014_questions.json"
    annotations = folder / "mscoco_train2014_annotations.json"
    write_questions(tmp_path / "q", read_questions(questions), data_subtype="train2014")
    write_annotations(tmp_path / "a", read_annotations(annotations), data_subtype="train2014")
    for theirs_path, ours_path, key in (
        (questions, tmp_path / "q", "questions"),
        (annotations, tmp_path / "a", "annotations"),
    ):
        theirs, ours = json.loads(theirs_path.read_text()), json.loads(ours_path.read_text())
        assert list(theirs) == list(ours)
        assert theirs["license"] == ours["license"]
        assert theirs[key] == ours[key]


def test_info_is_the_callers(tmp_path: Path) -> None:
    write_questions(tmp_path / "q.json", [], data_subtype="val2014", info={"version": "9"})
    value = json.loads((tmp_path / "q.json").read_text())
    assert value["info"] == {"version": "9"}
    assert value["data_subtype"] == "val2014"


def test_a_duplicate_question_id(tmp_path: Path) -> None:
    path, _ = write_pair(tmp_path, [question_entry(7), question_entry(7)], [])
    with pytest.raises(BadData) as caught:
        read_questions(path)
    assert str(caught.value) == f"{path}: question_id 7 occurs twice; keep one of the two entries"


def test_a_bad_answer_is_named_although_answers_are_shared(tmp_path: Path) -> None:
    answers = annotation_entry()["answers"]
    answers[3] |= {"answer_confidence": "sure"}
    _, path = write_pair(tmp_path, [], [annotation_entry(7, answers=answers)])
    with pytest.raises(BadData, match="question_id 7 has answer_confidence 'sure'; write one of"):
        read_annotations(path)


def test_nine_answers(tmp_path: Path) -> None:
    nine = annotation_entry(7, answers=annotation_entry()["answers"][:9])
    _, path = write_pair(tmp_path, [], [nine])
    with pytest.raises(BadData) as caught:
        read_annotations(path)
    assert str(caught.value) == (
        f"{path}: question_id 7 has 9 answers, not 10; take it from the official file again or "
        "delete it, or have data with another number of answers scored by accuracy `exact` or "
        "`simple` (datasets.NAME.accuracy in params.yaml, `vqax score --mode`)"
    )
    assert len(read_annotations(path, answers=None)[0].answers) == 9


def test_an_unknown_question_id_in_results(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_results(path, {7: "dog", 8: "cat"})
    with pytest.raises(BadData) as caught:
        read_results(path, [7])
    assert str(caught.value) == (
        f"{path}: question_id 8 is not among the 1 questions of the split; "
        "delete the entry or give the split it belongs to"
    )


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([{"question_id": 7, "answer": "a"}] * 2, "question_id 7 occurs twice; keep one"),
        ([{"question_id": 7}], "question_id 7 has no 'answer'; write a list"),
        ([{"question_id": 7, "answer": 3}], 'answer 3, which is not str; write "3" with'),
        ([{"answer": "a"}], "entry number 1 has no 'question_id'; write a list"),
    ],
)
def test_bad_results(tmp_path: Path, entries: list[dict[str, object]], message: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps(entries))
    with pytest.raises(BadData) as caught:
        read_results(path, [7])
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["val2014_annotations", "train2014_annotations_first100"])
def test_the_heads_of_the_official_files(shared: Path, name: str) -> None:
    path = shared / "data" / "vqa_v2_official_heads" / f"v2_mscoco_{name}.json"
    annotations = read_annotations(path)
    assert len(annotations) == 100
    assert {a.confidence for one in annotations for a in one.answers} == {"yes", "maybe", "no"}
