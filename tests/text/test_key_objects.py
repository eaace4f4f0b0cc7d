"""Mining against a slow twin, and the released binarisation against its golden numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqax.errors import BadData
from vqax.text import key_objects as module
from vqax.text.glove import WordVectors
from vqax.text.key_objects import (
    SELECT,
    check_classes,
    key_objects,
    released_objects,
    top_objects,
)

CATEGORIES = ("cat", "dog", "wine glass", "qqq")
VOCABULARY = ("cat", "dog", "wine", "glass", "red")


def vectors(seed: int = 0) -> WordVectors:
    matrix = np.random.default_rng(seed).normal(size=(5, 4)).astype(np.float32)
    return WordVectors({word: k for k, word in enumerate(VOCABULARY)}, matrix)


def cosine(word: str, category: str, known: WordVectors) -> float:
    names = [name for name in category.split() if name in known.words]
    if word not in known.words or not names:
        return -1.0
    a = known.matrix[known.words[word]]
    b = sum(known.matrix[known.words[name]] for name in names)
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def literal(words, classes, scores, known, sigma, top, rule):
    """Question by question, box by box, word by word."""
    rows = []
    for question, asked in enumerate(words):
        similarity = np.zeros(classes.shape[1])
        best = [""] * classes.shape[1]
        for box, number in enumerate(classes[question]):
            for word in asked:
                value = -1.0 if number < 0 else cosine(word, CATEGORIES[number], known)
                if value >= sigma - 1e-6 and value > similarity[box] + 1e-7:
                    similarity[box], best[box] = value, word
        if rule == "released":
            threshold = sorted(similarity, reverse=True)[min(top, len(similarity)) - 1] - 1e-5
            threshold += 0.1 if threshold < 0.2 else 0.0
            chosen = [box for box in range(len(similarity)) if similarity[box] > threshold]
        else:
            chosen = [box for box in range(len(similarity)) if similarity[box] > 0]
        ranked = [(-round(similarity[box], 6), -scores[question, box], box) for box in chosen]
        chosen = [box for *_, box in sorted(ranked)]
        chosen = chosen if rule == "released" else chosen[:top]
        rows += [(question, box, best[box]) for box in chosen]
    return rows


@settings(deadline=None, max_examples=80)
@given(
    st.integers(0, 10_000),
    st.sampled_from([0.3, 0.6, 1.0]),
    st.integers(1, 6),
    st.sampled_from(["plain", "released"]),
)
def test_agrees_with_the_loop(seed: int, sigma: float, top: int, rule: str) -> None:
    rng = np.random.default_rng(seed)
    known = vectors(seed)
    words = [tuple(rng.choice([*VOCABULARY, "zzz"], size=rng.integers(0, 4), replace=False))
             for _ in range(6)]  # fmt: skip
    classes = rng.integers(-1, len(CATEGORIES), size=(6, 5)).astype(np.int16)
    scores = rng.permuted(np.linspace(0, 1, 30).reshape(6, 5)).astype(np.float32)
    found = key_objects(
        words, classes, scores, CATEGORIES, known, sigma=sigma, top=top, select=SELECT[rule]
    )
    vocabulary = list(dict.fromkeys(word for asked in words for word in asked))
    rows = [
        (int(q), int(b), vocabulary[w])
        for q, b, w in zip(found.question, found.box, found.word, strict=True)
    ]
    assert rows == literal(words, classes, scores, known, sigma, top, rule)
    assert (found.similarity >= sigma - 1e-5).all()


def test_chunks_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    words = [(VOCABULARY[k],) for k in rng.integers(0, 5, 23)]
    classes = rng.integers(0, 3, (23, 4))
    scores = rng.random((23, 4))
    arguments = (words, classes, scores, CATEGORIES, vectors())
    whole = key_objects(*arguments, sigma=0.5, top=2)
    monkeypatch.setattr(module, "CHUNK", 5)
    parts = key_objects(*arguments, sigma=0.5, top=2)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, other)


def test_no_questions_and_no_words() -> None:
    boxes = np.zeros((0, 3), dtype=np.int16)
    none = key_objects([], boxes, boxes.astype("f4"), CATEGORIES, vectors(), sigma=0.5, top=2)
    assert [len(column) for column in none] == [0, 0, 0, 0]
    boxes = np.zeros((1, 3), dtype=np.int16)
    none = key_objects([()], boxes, boxes.astype("f4"), CATEGORIES, vectors(), sigma=0.5, top=2)
    assert len(none.box) == 0


def test_equal_boxes_by_the_score_of_the_detector_or_all_of_them() -> None:
    similarity = np.array([[0.9, 0.9, 0.9, 0.7, 0.0]])
    scores = np.array([[0.1, 0.8, 0.5, 0.9, 1.0]])
    assert np.flatnonzero(top_objects(similarity, scores, 2)[0]).tolist() == [1, 2]
    assert np.flatnonzero(released_objects(similarity, scores, 2)[0]).tolist() == [0, 1, 2]
    assert np.flatnonzero(top_objects(similarity, scores, 9)[0]).tolist() == [0, 1, 2, 3]
    assert np.flatnonzero(released_objects(similarity, scores, 9)[0]).tolist() == [0, 1, 2, 3]


def test_the_released_binarisation(shared: Path) -> None:
    golden = json.loads((shared / "golden/reference.json").read_text())
    (name,) = (key for key in golden if key.startswith("AttReg mask logic"))
    numbers = np.arange(1, 3 * 36 + 1) * 0.6180339887498949
    scores = np.reshape(numbers % 1, (3, 36)).astype(np.float32)
    hints = released_objects(scores, scores, 4)
    assert [np.flatnonzero(row).tolist() for row in hints] == golden[name]["hint"]


def test_a_class_without_a_name() -> None:
    classes = np.array([[0, 1], [2, -1]])
    check_classes(classes, [7, 8], ("a", "b", "c"), "regions.h5")
    with pytest.raises(BadData) as caught:
        check_classes(classes, [7, 8], ("a", "b"), "regions.h5")
    assert str(caught.value) == (
        "regions.h5: box 0 of image_id 8 has class 2, but there are only 2 class names; "
        "give the list of names that belongs to this detector"
    )


def test_regions_without_classes() -> None:
    with pytest.raises(BadData, match=r"regions.h5: no box has a class"):
        check_classes(np.full((2, 3), -1), [7, 8], (), "regions.h5")
