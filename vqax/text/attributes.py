"""The attribute rule of the released AttReg code: ``red`` of "red car" on boxes of red things.

``tools/preprocess-hint.py``: where a noun of a question is somewhat like the category of a box and
what is said of the noun somewhat like the attribute of the box, the similarity of the attributes
takes the place of that of word and category, even if it is lower. The paper does not mention it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int

from vqax.text.glove import WordVectors
from vqax.text.similarity import cosine_table

SOMEWHAT = 0.3


class Attributes(NamedTuple):
    """Per question its (attribute, noun) pairs, per box (n,k) an index into ``names``.

    An index below 0 is no attribute.
    """

    pairs: Sequence[Sequence[tuple[str, str]]]
    of_boxes: Int[np.ndarray, "n k"]
    names: Sequence[str]


def with_attributes(
    similarity: Float32[np.ndarray, "n k"],
    classes: Int[np.ndarray, "n k"],
    categories: Sequence[str],
    attributes: Attributes,
    vectors: WordVectors,
) -> Float32[np.ndarray, "n k"]:
    """The similarities after the rule, pair by pair in the order of the parse."""
    said = list(
        dict.fromkeys(word for pairs in attributes.pairs for pair in pairs for word in pair)
    )
    index = {word: place for place, word in enumerate(said)}
    nouns = np.pad(cosine_table(said, categories, vectors), ((0, 0), (0, 1)), constant_values=-1)
    words = np.pad(
        cosine_table(said, attributes.names, vectors), ((0, 0), (0, 1)), constant_values=-1
    )
    changed = similarity.copy()
    for question, pairs in enumerate(attributes.pairs):
        for attribute, noun in pairs:
            of_thing = nouns[index[noun], np.maximum(classes[question], -1)]
            of_attribute = words[index[attribute], np.maximum(attributes.of_boxes[question], -1)]
            fits = (of_thing > SOMEWHAT) & (of_attribute > SOMEWHAT)
            changed[question, fits] = of_attribute[fits]
    return changed
