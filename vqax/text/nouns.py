"""The words of questions and answers by which key objects are looked for.

Liu et al., Answer Questions with Right Image Regions (AttReg, 2022), section 3.1.1: the nouns that
spaCy's tagger finds. As in the released filter a noun is spaCy's NOUN: no proper nouns, and no
lemmas (``cats`` stays ``cats``). The released run itself takes all tokens (``tokens="all"``).
"""

from collections.abc import Iterable
from typing import Any, Literal

from vqax.text.spacy_model import parsed

Tokens = Literal["nouns", "all"]
ATTRIBUTE_RELATIONS = {("NUM", "nummod"), ("ADJ", "amod"), ("NOUN", "compound")}
"""Part of speech and dependency of a word that says something of the noun it hangs on."""


def content_words(texts: Iterable[str], tokens: Tokens = "nouns") -> dict[str, tuple[str, ...]]:
    """For each distinct text its different nouns, or all tokens, lower case, in their order.

    Raises:
        MissingArtefact: spaCy or its model is not installed.
    """
    return {
        text: tuple(dict.fromkeys(word.lower_ for word in document if _is_wanted(word, tokens)))
        for text, document in parsed(texts).items()
    }


def attribute_pairs(texts: Iterable[str]) -> dict[str, tuple[tuple[str, str], ...]]:
    """For each distinct text the (attribute, noun) pairs of its parse, as ``red``, ``car``.

    A numeral, an adjective or another noun that modifies the noun (released AttReg code).

    Raises:
        MissingArtefact: spaCy or its model is not installed.
    """
    return {
        text: tuple(
            (word.lower_, word.head.lower_)
            for word in document
            if (word.pos_, word.dep_) in ATTRIBUTE_RELATIONS and word.head.pos_ == "NOUN"
        )
        for text, document in parsed(texts, syntax=True).items()
    }


def _is_wanted(word: Any, tokens: Tokens) -> bool:
    return not word.is_space if tokens == "all" else word.pos_ == "NOUN"
