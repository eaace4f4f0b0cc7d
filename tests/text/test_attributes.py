"""The attribute rule against a slow twin that follows it box by box."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.text.test_key_objects import CATEGORIES, VOCABULARY, cosine, vectors
from vqax.text.attributes import Attributes, with_attributes
from vqax.text.key_objects import key_objects

NAMES = ("red", "glass", "qqq")


def literal(similarity, classes, attributes, known):
    changed = similarity.copy()
    for q, pairs in enumerate(attributes.pairs):
        for box in range(classes.shape[1]):
            for attribute, noun in pairs:
                number, own = classes[q, box], attributes.of_boxes[q, box]
                thing = cosine(noun, CATEGORIES[number], known) if number >= 0 else -1
                said = cosine(attribute, NAMES[own], known) if own >= 0 else -1
                if thing > 0.3 and said > 0.3:
                    changed[q, box] = said
    return changed


def some(seed: int) -> tuple[np.ndarray, Attributes]:
    rng = np.random.default_rng(seed)
    pairs = [
        [tuple(map(str, rng.choice(VOCABULARY, 2))) for _ in range(rng.integers(3))]
        for _ in range(5)
    ]
    classes = rng.integers(-1, len(CATEGORIES), (5, 4))
    return classes, Attributes(pairs, rng.integers(-1, len(NAMES), (5, 4)), NAMES)


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 10_000))
def test_agrees_with_the_loop(seed: int) -> None:
    classes, attributes = some(seed)
    known = vectors(seed)
    similarity = np.random.default_rng(seed).random((5, 4)).astype(np.float32)
    changed = with_attributes(similarity, classes, CATEGORIES, attributes, known)
    expected = literal(similarity, classes, attributes, known)
    np.testing.assert_allclose(changed, expected, atol=1e-5)


def test_it_may_lower_and_raise_what_is_a_key_object() -> None:
    matrix = np.array([[1, 0], [0.8, 0.6], [0.9, 0.1], [0.4, 0.9], [0.6, 0.8]], "f4")
    known = vectors()
    known = type(known)(known.words, matrix)
    classes, scores = np.array([[0, 0]]), np.array([[0.5, 0.9]], "f4")
    attributes = Attributes([[("red", "cat")]], np.array([[0, -1]]), ("glass",))
    plain = key_objects([("cat",)], classes, scores, CATEGORIES, known, sigma=0.6, top=2)
    ruled = key_objects(
        [("cat",)], classes, scores, CATEGORIES, known, sigma=0.6, top=2, attributes=attributes
    )
    assert plain.box.tolist() == [1, 0]
    np.testing.assert_allclose(plain.similarity, [1, 1])
    assert ruled.box.tolist() == [1, 0]
    np.testing.assert_allclose(ruled.similarity, [1, cosine("red", "glass", known)], atol=1e-6)
