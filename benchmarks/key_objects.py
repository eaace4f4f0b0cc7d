"""Key-object mining against the released form: a cosine for every word of every box.

    python benchmarks/key_objects.py [questions]

Prints questions per second of both, without spaCy's own time and with it, on the same words, boxes
and vectors: 1,600 categories as of bottom-up attention, 36 boxes an image.
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from vqax.text.glove import glove_6b_50d
from vqax.text.key_objects import key_objects
from vqax.text.nouns import content_words

QUESTIONS, BOXES, CATEGORIES, SIGMA, TOP = 4000, 36, 1600, 0.6, 5
LOOPED = 40
"""The naive form is timed on so many questions: it is slow."""


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def naive(words, classes, categories, vectors) -> list[list[tuple[float, int]]]:
    """Box by box and word by word, the vectors looked up each time."""
    found = []
    for asked, row in zip(words, classes, strict=True):
        scored = []
        for box, number in enumerate(row):
            b = vectors.lookup(categories[number].split()).sum(axis=0)
            best = 0.0
            for word in asked:
                a = vectors.lookup([word])[0]
                length = np.linalg.norm(a) * np.linalg.norm(b)
                best = max(best, float(a @ b / length) if length else 0.0)
            if best >= SIGMA:
                scored.append((best, box))
        found.append(sorted(scored, reverse=True)[:TOP])
    return found


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else QUESTIONS
    rng = np.random.default_rng(0)
    vectors = glove_6b_50d()
    known = [word for word in list(vectors.words)[:8000] if word.isalpha()]
    categories = [str(word) for word in rng.choice(known, CATEGORIES, replace=False)]
    texts = [
        f"What {a} is the {b} near the {c}?"
        for a, b, c in rng.choice(known, (number, 3))
    ]  # fmt: skip
    classes = rng.integers(0, CATEGORIES, (number, BOXES))
    scores = rng.random((number, BOXES)).astype(np.float32)
    content_words(texts[:1])  # loads the model
    tagging = seconds(lambda: content_words(texts))
    of = content_words(texts)
    words = [of[text] for text in texts]
    ours = seconds(
        lambda: key_objects(words, classes, scores, categories, vectors, sigma=SIGMA, top=TOP)
    )
    looped = seconds(lambda: naive(words[:LOOPED], classes[:LOOPED], categories, vectors)) / LOOPED
    print(f"ours, after tagging:       {number / ours:10.0f} questions/s")
    print(f"word by word, box by box:  {1 / looped:10.0f} questions/s")
    print(f"ratio:                     {looped * number / ours:10.1f}")
    print(f"spaCy's tagging itself:    {number / tagging:10.0f} questions/s")


if __name__ == "__main__":
    main()
