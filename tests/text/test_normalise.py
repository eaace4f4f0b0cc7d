"""Answer normalisation against the golden outputs and a literal twin."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqax.text.contractions import CONTRACTIONS
from vqax.text.normalise import PUNCTUATION, clean_space, normalise_answer

ANSWERS = st.one_of(
    st.text(st.sampled_from(PUNCTUATION + " .,-'1aTe"), max_size=20),
    st.lists(
        st.sampled_from([*CONTRACTIONS, "a", "The", "Ten", "none", "1,000", "3.5", "x.", "t-shirt"])
    ).map(" ".join),
    st.text(),
)


def twin(text: str) -> str:
    """The evaluator's two steps, one symbol and one word at a time."""
    text = text.replace("\n", " ").replace("\t", " ").strip()
    result = text
    for symbol in [*';/[]"{}()=+\\_-><@`,?!']:
        touches_blank = symbol + " " in text or " " + symbol in text
        if touches_blank or re.search(r"(\d)(\,)(\d)", text) is not None:
            result = result.replace(symbol, "")
        else:
            result = result.replace(symbol, " ")
    result = re.compile(r"(?!<=\d)(\.)(?!\d)").sub("", result, 32)
    digits = ["none", "zero", *"one two three four five six seven eight nine ten".split()]  # noqa: SIM905
    values = ["0", "0", *map(str, range(1, 11))]
    words = []
    for word in result.lower().split():
        digit = values[digits.index(word)] if word in digits else word
        if digit not in ["a", "an", "the"]:
            words.append(digit)
    for place, word in enumerate(words):
        if word in CONTRACTIONS:
            words[place] = CONTRACTIONS[word]
    return " ".join(words)


@given(text=ANSWERS)
def test_the_twin_agrees(text: str) -> None:
    assert normalise_answer(text) == twin(text)


def test_the_golden_answers(shared: Path) -> None:
    golden = json.loads((shared / "golden" / "vqa_accuracy.json").read_text())["normalisation"]
    assert {text: normalise_answer(text) for text in golden} == golden


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000", "1000"),
        ("u.s.a.", "usa"),
        ("yes/no", "yes no"),
        ("a/b", "b"),
        ("100,5 and, then", "1005 and then"),
        ("mr.smith", "mrsmith"),
        ("3.5", "3.5"),
        ("none of them", "0 of them"),
        ("hes", "he's"),
        ("its", "its"),
        ("somebody'd", "somebodyd"),
        ("1.2-3", "1.2 3"),
        ("x-y -b", "xy b"),
        ("x-y- b", "xy b"),
        ("$5 & 50%: ok", "$5 & 50%: ok"),
    ],
)
def test_what_the_evaluator_was_seen_to_do(text: str, expected: str) -> None:
    assert normalise_answer(text) == expected


def test_at_most_32_dots_go() -> None:
    assert normalise_answer("." * 40) == "." * 8


def test_white_space_is_all_that_is_cleaned_in_unanimous_answers() -> None:
    assert clean_space(" Two\tCats.\n") == "Two Cats."


def test_contractions_are_lower_case_and_one_word() -> None:
    assert len(CONTRACTIONS) == 116
    assert all(key == key.lower() for key in CONTRACTIONS)
    restored = {value.replace("'", "") for value in CONTRACTIONS.values()}
    assert {key.replace("'", "") for key in CONTRACTIONS} == restored
