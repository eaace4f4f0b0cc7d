"""Answer texts as the official VQA evaluator compares them (vqaEval.py, facts in its order).

``normalise_answer`` = white space, then ``processPunctuation``, then ``processDigitArticle``.
"""

import re
from functools import lru_cache

from vqax.text.contractions import CONTRACTIONS

PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
ARTICLES = frozenset({"a", "an", "the"})
NUMBERS = {"none": "0", "zero": "0"} | {
    word: str(value)
    for value, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], start=1
    )
}
COMMA_IN_NUMBER = re.compile(r"\d,\d")
DOT = re.compile(r"\.(?!\d)")
MOST_DOTS = 32
"""The evaluator passes ``re.UNICODE`` (32) where ``re.sub`` takes a count."""


@lru_cache(maxsize=1 << 16)
def normalise_answer(text: str) -> str:
    """``"The T-shirts."`` becomes ``"t shirts"``; never fails, may be empty (``"a"``)."""
    return _words(_punctuation(clean_space(text)))


def clean_space(text: str) -> str:
    """Line breaks and tabs as blanks, none at the ends: all that is done to unanimous answers."""
    return text.replace("\n", " ").replace("\t", " ").strip()


def _punctuation(text: str) -> str:
    """Delete a symbol that touches a blank anywhere in ``text``, else make it a blank.

    ``digit,digit`` anywhere deletes all of them; a dot stays only before a digit.
    """
    delete_all = COMMA_IN_NUMBER.search(text) is not None
    table = {
        ord(symbol): None if delete_all or f"{symbol} " in text or f" {symbol}" in text else " "
        for symbol in PUNCTUATION
        if symbol in text
    }
    return DOT.sub("", text.translate(table), count=MOST_DOTS)


def _words(text: str) -> str:
    """Lower case, digits for number words, no articles, apostrophes restored."""
    words = (NUMBERS.get(word, word) for word in text.lower().split())
    return " ".join(CONTRACTIONS.get(word, word) for word in words if word not in ARTICLES)
