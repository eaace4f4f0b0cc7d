"""Answer vocabulary and soft targets."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqax.data.split import read_split
from vqax.errors import BadData, MissingArtefact
from vqax.metrics.accuracy import always_accuracy
from vqax.text.answers import AnswerVocabulary, soft_scores, soft_target

TEN = st.lists(
    st.sampled_from(["dog", "Dog.", "the dog", "cat", "2", "two", "a"]), min_size=10, max_size=10
)


class Answered(NamedTuple):
    multiple_choice_answer: str


def vocabulary(*answers: str, min_count: int = 1) -> AnswerVocabulary:
    return AnswerVocabulary.from_examples([Answered(answer) for answer in answers], min_count)


def test_the_vocabulary_counts_normalised_answers_frequent_first() -> None:
    built = vocabulary("Two", "cat", "2.", "dog", "the dog", "2", "bird", min_count=2)
    assert built.answers == ("2", "dog")
    assert len(built) == 2


def test_ties_are_alphabetical_whatever_the_order() -> None:
    assert vocabulary("b", "c", "b c").answers == vocabulary("c", "b c", "b").answers


def test_index_of_takes_any_spelling() -> None:
    built = vocabulary("dog", "dog", "2")
    assert built.index_of("The dog!") == 0
    assert built.index_of("two") == 1
    assert built.index_of("bird") is None


@pytest.mark.parametrize(("k", "score"), [(1, 0.3), (2, 0.6), (3, 0.9), (4, 1.0), (10, 1.0)])
def test_soft_scores(k: int, score: float) -> None:
    others = [f"other {place}" for place in range(10 - k)]
    scores = soft_scores(["Dog."] * k + others)
    assert scores["dog"] == score
    assert set(scores) == {"dog", *others}


@given(answers=TEN)
def test_a_soft_score_is_the_accuracy_of_its_answer(answers: list[str]) -> None:
    for answer, score in soft_scores(answers).items():
        assert score == always_accuracy(answer, answers)


def test_the_target_lies_over_the_vocabulary() -> None:
    target = soft_target(["Dog"] * 3 + ["bird"] * 6 + ["two"], vocabulary("cat", "dog", "2"))
    assert target.dtype == np.float32
    np.testing.assert_array_equal(target, np.float32([0.3, 0, 0.9]))


def test_json_round_trip(tmp_path: Path) -> None:
    built = vocabulary("dog", "café", "")
    built.to_json(tmp_path / "answers.json")
    assert AnswerVocabulary.from_json(tmp_path / "answers.json") == built


def test_a_vocabulary_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingArtefact, match=r"answers\.json: no such file"):
        AnswerVocabulary.from_json(tmp_path / "answers.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"answers": ["a", 2]}', "has no list of texts 'answers'; build it again"),
        ('{"words": []}', "has no list of texts 'answers'; build it again"),
        ("[]", "has no list of texts 'answers'; build it again"),
        ('{"answers": ["a", "a"]}', "repeats an entry of 'answers'; build it again"),
        ('{"answers": ["a"', "not valid JSON"),
    ],
)
def test_a_damaged_vocabulary(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "answers.json"
    path.write_text(text)
    with pytest.raises(BadData) as caught:
        AnswerVocabulary.from_json(path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_most_real_answers_are_in_the_public_vocabulary(shared: Path) -> None:
    path = shared / "data" / "updn_caches" / "openvqa_answer_dict.json"
    public = AnswerVocabulary(tuple(json.loads(path.read_text())[0]))
    folder = shared / "data" / "vqa_v2_60k"
    split = read_split(
        folder / "vqa_questions_valid.json.gz", folder / "vqa_annotatons_valid.json.gz"
    )
    known = [public.index_of(e.multiple_choice_answer) is not None for e in split.examples]
    assert [a for a in public.answers if public.index_of(a) is None] == []
    assert 0.93 < np.mean(known) < 0.94


def test_an_answer_is_found_in_any_spelling_the_exact_one_first() -> None:
    foreign = AnswerVocabulary(("Yes", "no", "YES", "Two Dogs"))
    assert [foreign.index_of(answer) for answer in ("yes", "YES", "Yes", "NO")] == [0, 2, 0, 1]
    assert foreign.index_of("2 dogs") == 3
    assert foreign.index_of("maybe") is None


@pytest.mark.parametrize(
    ("answers", "scores"),
    [
        (["No"], {"no": 1.0}),
        (["cat", "dog"], {"cat": 0.5, "dog": 0.5}),
        (["cat", "The cat", "dog"], {"cat": 2 / 3, "dog": 1 / 3}),
        (["cat"] * 4 + ["dog"], {"cat": 1.0, "dog": 1 / 3}),
    ],
)
def test_soft_scores_of_other_than_ten_people(answers: list[str], scores: dict[str, float]) -> None:
    assert soft_scores(answers) == scores
