"""The question tokeniser and vocabulary."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqax.data.vqa import read_questions
from vqax.text.tokens import QuestionVocabulary, tokenise

QUESTIONS = ["What's the dog's colour, red?", "Is the dog red?"]


class PlainUnpickler(pickle.Unpickler):
    """Lists, dicts, texts and numbers only."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        raise pickle.UnpicklingError(f"{module_name}.{global_name}")


@pytest.mark.parametrize(
    ("question", "tokens"),
    [
        ("What's the dog's colour, red?", ["what", "'s", "the", "dog", "'s", "colour", "red"]),
        ("How many photo's?", ["how", "many", "photo", "'s"]),
        ("Is 1,000 more?", ["is", "1000", "more"]),
        ("Don't  they -- stop.", ["don't", "they", "--", "stop."]),
        ("?", []),
    ],
)
def test_tokens(question: str, tokens: list[str]) -> None:
    assert tokenise(question) == tokens


def test_words_by_frequency_after_the_two_special_ones() -> None:
    vocabulary = QuestionVocabulary.from_questions(QUESTIONS)
    assert vocabulary.words[:2] == ("<pad>", "<unk>")
    assert vocabulary.words[2:6] == ("'s", "dog", "red", "the")
    assert set(vocabulary.words[6:]) == {"what", "is", "colour"}
    assert len(vocabulary) == 9


def test_rare_words_are_unknown() -> None:
    vocabulary = QuestionVocabulary.from_questions(QUESTIONS, min_count=2)
    assert vocabulary.words == ("<pad>", "<unk>", "'s", "dog", "red", "the")
    assert vocabulary.encode("what dog", max_tokens=3) == [0, 1, 3]


def test_long_questions_keep_their_first_words() -> None:
    vocabulary = QuestionVocabulary.from_questions(["a b c"])
    assert vocabulary.encode("a b c b", max_tokens=2) == [2, 3]


def test_padding_is_on_the_left_and_there_are_14_tokens() -> None:
    vocabulary = QuestionVocabulary.from_questions(["a b"])
    assert vocabulary.encode("a b") == [0] * 12 + [2, 3]
    assert vocabulary.encode("") == [0] * 14


def test_nobody_can_ask_for_padding() -> None:
    vocabulary = QuestionVocabulary.from_questions(["<pad> <unk> dog"])
    assert vocabulary.words == ("<pad>", "<unk>", "dog")
    assert vocabulary.encode("<pad> <unk> dog", max_tokens=3) == [1, 1, 2]


@given(questions=st.lists(st.text(), max_size=5), question=st.text(), max_tokens=st.integers(1, 9))
def test_an_encoded_question_is_decoded_up_to_unknown_words(
    questions: list[str], question: str, max_tokens: int
) -> None:
    vocabulary = QuestionVocabulary.from_questions(questions)
    indices = vocabulary.encode(question, max_tokens)
    tokens = tokenise(question)[:max_tokens]
    assert len(indices) == max_tokens
    assert indices[: max_tokens - len(tokens)] == [0] * (max_tokens - len(tokens))
    for index, token in zip(indices[max_tokens - len(tokens) :], tokens, strict=True):
        assert vocabulary.words[index] in (token, "<unk>")


def test_json_round_trip(tmp_path: Path) -> None:
    vocabulary = QuestionVocabulary.from_questions([*QUESTIONS, "où ?"])
    vocabulary.to_json(tmp_path / "words.json")
    assert QuestionVocabulary.from_json(tmp_path / "words.json") == vocabulary


def test_the_public_dictionary_knows_every_token(shared: Path) -> None:
    with (shared / "data" / "updn_caches" / "dictionary.pkl").open("rb") as file:
        word2index, _ = PlainUnpickler(file, encoding="latin1").load()
    path = shared / "data" / "vqa_v2_60k" / "vqa_questions_valid.json.gz"
    tokens = {token for q in read_questions(path) for token in tokenise(q.question)}
    assert len(tokens) == 3235
    assert tokens <= word2index.keys()
