"""Kinds of words after Interp, figure 3: the 15 most frequent Penn tags, alike ones together.

Goyal et al. 2016, section 4.2. The paper says that WDT, WP and WRB are the wh-words and names
adjectives and nouns; which of its 15 tags there are besides, and how they are joined, it does not
say. Words of a rarer tag belong to no kind.
"""

from collections import Counter
from collections.abc import Iterable

FREQUENT = 15

KINDS: dict[str, tuple[str, ...]] = {
    "wh-words": ("WDT", "WP", "WP$", "WRB"),
    "nouns": ("NN", "NNS", "NNP", "NNPS"),
    "adjectives": ("JJ", "JJR", "JJS"),
    "verbs": ("VB", "VBD", "VBG", "VBN", "VBP", "VBZ", "MD"),
    "determiners": ("DT", "PDT"),
    "prepositions": ("IN", "TO", "RP"),
    "pronouns": ("PRP", "PRP$"),
    "adverbs": ("RB", "RBR", "RBS"),
    "existential there": ("EX",),
    "conjunctions": ("CC",),
    "numbers": ("CD",),
    "possessive endings": ("POS",),
}
KIND_OF = {tag: kind for kind, tags in KINDS.items() for tag in tags}


def frequent_tags(tags: Iterable[str], count: int = FREQUENT) -> tuple[str, ...]:
    """The ``count`` most frequent tags that have a kind, the most frequent first.

    Of equally frequent ones the first by name.
    """
    found = Counter(tag for tag in tags if tag in KIND_OF)
    return tuple(sorted(found, key=lambda tag: (-found[tag], tag))[:count])
