"""Penn Treebank part-of-speech tags of a question's tokens.

The text is tagged as it was written, with capitals, commas and question mark, since a tagger needs
them; each token of ``vqax.text.tokens.tokenise`` then gets the tag of the word it was cut from.
"""

from collections.abc import Iterable
from typing import Any

from vqax.text.spacy_model import parsed
from vqax.text.tokens import tokenise

DROPPED = ",?"
UNTAGGED = "XX"
"""The Penn tag of what is no word; given where the tagger saw nothing but blanks."""


def pos_tags(texts: Iterable[str]) -> list[list[tuple[str, str]]]:
    """For each text its (token, Penn tag) pairs, one for every token of ``tokenise``.

    A token of several tagged words (``can't``: ``ca``, ``n't``) has the tag of the longest, the
    first of equally long ones.

    Raises:
        MissingArtefact: spaCy or its model is not installed.
    """
    listed = list(texts)
    documents = parsed(listed)
    return [_aligned(text, documents[text]) for text in listed]


def _aligned(text: str, document: Any) -> list[tuple[str, str]]:
    """Pairs of a text; its characters, without those ``tokenise`` drops, are walked through."""
    owner = _word_of_each_character(text, document)
    pairs, place = [], 0
    for token in tokenise(text):
        overlap: dict[int, int] = {}
        for word in owner[place : place + len(token)]:
            overlap[word] = overlap.get(word, 0) + 1
        place += len(token)
        longest = max(overlap, key=lambda word: overlap[word], default=-1)
        pairs.append((token, document[longest].tag_ if longest >= 0 else UNTAGGED))
    return pairs


def _word_of_each_character(text: str, document: Any) -> list[int]:
    """The index of the tagged word of each character that stays, lower case (``İ`` is two)."""
    words = [-1] * len(text)
    for word in document:
        words[word.idx : word.idx + len(word)] = [word.i] * len(word)
    kept = ((c, word) for c, word in zip(text, words, strict=True) if c not in DROPPED)
    return [word for c, word in kept for lower in c.lower() if not lower.isspace()]
