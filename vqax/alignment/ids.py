"""Which human maps belong to which map: ids are read from names.

``262144005_2`` is the second person's map of question 262144005 if there is a map of that
question; ``COCO_val2014_000000000136`` is image 136; zeros before a number do not count.
"""

import re
from collections.abc import Collection

COCO = re.compile(r"COCO_[a-z]+[0-9]{4}_0*([0-9]+)")
ANNOTATOR = re.compile(r"_[0-9]+$")


def canonical(name: str) -> str:
    """The id that a name writes, the same for every spelling of a number."""
    match = COCO.fullmatch(name)
    digits = match[1] if match else name
    return str(int(digits)) if digits.isascii() and digits.isdigit() else name


def question_of(name: str, known: Collection[str]) -> str | None:
    """The id among ``known`` that a human map is of, by its whole name or without ``_k``."""
    for candidate in (name, ANNOTATOR.sub("", name)):
        if canonical(candidate) in known:
            return canonical(candidate)
    return None
