"""Questions joined with annotations; nothing is dropped silently."""

import json
from pathlib import Path

import pytest

from tests.data.official import annotation_entry, question_entry, write_pair
from vqax.data.split import read_split
from vqax.errors import BadData


def test_the_join_keeps_the_order_of_the_questions_and_sorts_answers_by_id(tmp_path: Path) -> None:
    backwards = annotation_entry(8)["answers"][::-1]
    paths = write_pair(
        tmp_path,
        [question_entry(9), question_entry(8)],
        [annotation_entry(8, answers=backwards), annotation_entry(9)],
    )
    split = read_split(*paths, strict=True)
    assert [example.question_id for example in split.examples] == [9, 8]
    assert split.examples[1].answers == tuple(f"dog {k}" for k in range(1, 11))
    assert split.examples[0].question == "What's that?"
    assert split.skipped == []


def test_an_annotation_without_question(tmp_path: Path) -> None:
    paths = write_pair(tmp_path, [question_entry(7)], [annotation_entry(7), annotation_entry(8)])
    split = read_split(*paths)
    assert [example.question_id for example in split.examples] == [7]
    assert split.skipped == [
        (
            str(paths[1]),
            "question_id 8",
            f"has no question in {paths[0]}; add it there or delete this entry",
        )
    ]


def test_a_question_without_annotation(tmp_path: Path) -> None:
    paths = write_pair(tmp_path, [question_entry(7), question_entry(8)], [annotation_entry(7)])
    split = read_split(*paths)
    assert [example.question_id for example in split.examples] == [7]
    assert split.skipped == [
        (
            str(paths[0]),
            "question_id 8",
            f"has no annotation in {paths[1]}; add it there or delete this entry",
        )
    ]


def test_an_annotation_of_another_picture(tmp_path: Path) -> None:
    paths = write_pair(
        tmp_path,
        [question_entry(7), question_entry(8)],
        [annotation_entry(7), annotation_entry(8, image_id=71)],
    )
    split = read_split(*paths)
    assert [example.question_id for example in split.examples] == [7]
    (skipped,) = split.skipped
    assert skipped.entry == "question_id 8"
    assert "has image_id 71, but its question has 70; give two files" in skipped.reason


def test_nine_answers_are_listed_once_and_their_question_is_not_called_alone(
    tmp_path: Path,
) -> None:
    nine = annotation_entry(8, answers=annotation_entry()["answers"][:9])
    paths = write_pair(
        tmp_path, [question_entry(7), question_entry(8)], [annotation_entry(7), nine]
    )
    split = read_split(*paths)
    assert [example.question_id for example in split.examples] == [7]
    (skipped,) = split.skipped
    assert skipped.file == str(paths[1])
    assert skipped.entry == "question_id 8"
    assert skipped.reason.startswith("has 9 answers, not 10; ")


def test_a_broken_question_is_listed_once(tmp_path: Path) -> None:
    paths = write_pair(
        tmp_path,
        [question_entry(7), question_entry(8, question=3)],
        [annotation_entry(7), annotation_entry(8)],
    )
    assert [skipped.entry for skipped in read_split(*paths).skipped] == ["question_id 8"]


@pytest.mark.parametrize(
    ("questions", "annotations", "message"),
    [
        ([7], [7, 8], "annotations.json: question_id 8 has no question in"),
        ([7, 8], [7], "questions.json: question_id 8 has no annotation in"),
        ([7, 7], [7], "questions.json: question_id 7 occurs twice; keep one"),
        ([7], [7, 7], "annotations.json: question_id 7 occurs twice; keep one"),
    ],
)
def test_strict_raises_at_the_first_problem(
    tmp_path: Path, questions: list[int], annotations: list[int], message: str
) -> None:
    paths = write_pair(
        tmp_path,
        [question_entry(k) for k in questions],
        [annotation_entry(k) for k in annotations],
    )
    assert len(read_split(*paths).skipped) == 1
    with pytest.raises(BadData) as caught:
        read_split(*paths, strict=True)
    assert message in str(caught.value)


def test_files_of_two_versions_that_share_nothing(tmp_path: Path) -> None:
    paths = write_pair(tmp_path, [question_entry(7)], [annotation_entry(7000)])
    with pytest.raises(BadData) as caught:
        read_split(*paths)
    assert str(caught.value).startswith(f"{paths[1]}: not one usable annotation for {paths[0]} (")
    assert "delete this entry" in str(caught.value)


def test_an_empty_split_is_empty(tmp_path: Path) -> None:
    assert read_split(*write_pair(tmp_path, [], [])) == ([], [])


def test_cut_annotations_are_never_skipped(tmp_path: Path) -> None:
    paths = write_pair(tmp_path, [question_entry(7)], [annotation_entry(7)])
    text = paths[1].read_text()
    paths[1].write_text(text[: len(text) // 2])
    with pytest.raises(
        BadData, match=r"annotations\.json: not a whole JSON file .*fetch or write it"
    ):
        read_split(*paths)


def test_the_60k_sample_without_top_level_keys(shared: Path) -> None:
    folder = shared / "data" / "vqa_v2_60k"
    split = read_split(
        folder / "vqa_questions_valid.json.gz",
        folder / "vqa_annotatons_valid.json.gz",
        strict=True,
    )
    types = set((folder / "mscoco_question_types.txt").read_text().splitlines())
    assert len(split.examples) == 8977
    assert all(example.image_id == example.question_id // 1000 for example in split.examples)
    assert {example.question_type for example in split.examples} <= types
    assert {example.answer_type for example in split.examples} == {"yes/no", "number", "other"}
    assert split.examples[0].answers == ("state farm",) * 10


def test_the_bare_lists_of_vqa_cp(tmp_path: Path) -> None:
    questions_path, annotations_path = tmp_path / "q.json", tmp_path / "a.json"
    questions_path.write_text(json.dumps([question_entry(7, coco_split="train2014")]))
    annotations_path.write_text(json.dumps([annotation_entry(7, coco_split="train2014")]))
    assert len(read_split(questions_path, annotations_path, strict=True).examples) == 1
