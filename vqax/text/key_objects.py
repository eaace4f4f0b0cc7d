"""Key objects V* of a question: the boxes whose category is like a noun of question or answer.

Liu et al., Answer Questions with Right Image Regions (AttReg, 2022), section 3.1.1, and what its
released code does instead (``tools/preprocess-hint.py``, ``utilities/dataset.py``). σ → ``sigma``,
M → ``top``.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from vqax.errors import BadData
from vqax.text.attributes import Attributes, with_attributes
from vqax.text.glove import WordVectors
from vqax.text.similarity import cosine_table

ROUNDING = 1e-6
"""Of equal words the cosine is 1 up to this; σ = 1 means the same word."""
CHUNK = 4096

Select = Callable[
    [Float[np.ndarray, "n k"], Float[np.ndarray, "n k"], int], Bool[np.ndarray, "n k"]
]


class KeyObjects(NamedTuple):
    """One row per key object: rows of the question and box it belongs to, best first.

    ``word`` is the index of the word that is most like the box's category.
    """

    question: Int[np.ndarray, "m"]
    box: Int[np.ndarray, "m"]
    word: Int[np.ndarray, "m"]
    similarity: Float32[np.ndarray, "m"]


def top_objects(
    similarity: Float[np.ndarray, "n k"], scores: Float[np.ndarray, "n k"], top: int
) -> Bool[np.ndarray, "n k"]:
    """The ``top`` boxes above 0, of equally similar ones those the detector is surest of."""
    order = np.lexsort((-scores, -similarity), axis=1)[:, :top]
    chosen = np.zeros(similarity.shape, dtype=bool)
    np.put_along_axis(chosen, order, True, axis=1)
    return chosen & (similarity > 0)


def released_objects(
    similarity: Float[np.ndarray, "n k"],
    scores: Float[np.ndarray, "n k"],  # noqa: ARG001
    top: int,
) -> Bool[np.ndarray, "n k"]:
    """Above the ``top``-th largest less 1e-5, plus .1 where that is below .2; ties all stay.

    With fewer than ``top`` boxes that match all of them stay, so a question may have more or fewer
    than ``top``.
    """
    k = similarity.shape[1]
    largest = np.partition(similarity, k - min(top, k), axis=1)[:, k - min(top, k)]
    threshold = largest - 1e-5
    threshold = np.where(threshold < 0.2, threshold + 0.1, threshold)
    chosen: Bool[np.ndarray, "n k"] = similarity > threshold[:, None]
    return chosen


SELECT: dict[str, Select] = {"plain": top_objects, "released": released_objects}


def key_objects(
    words: Sequence[Sequence[str]],
    classes: Int[np.ndarray, "n k"],
    scores: Float[np.ndarray, "n k"],
    categories: Sequence[str],
    vectors: WordVectors,
    *,
    sigma: float,
    top: int,
    select: Select = top_objects,
    attributes: Attributes | None = None,
) -> KeyObjects:
    """The key objects of n questions, each with its ``words`` and the ``classes`` of its k boxes.

    The similarity of a box is the largest cosine of a word with its category; at least ``sigma``
    (the paper prints "greater than", but at σ = 1 nothing is) and among the ``top`` it is a key
    object. Classes below 0 are no category. ``attributes`` may change similarities after ``sigma``
    (``vqax.text.attributes``), of any box of a question with words.
    """
    vocabulary = list(dict.fromkeys(word for asked in words for word in asked))
    index = {word: place for place, word in enumerate(vocabulary)}
    table = cosine_table(vocabulary, categories, vectors)
    # a row of -1 for questions without a word, a column of -1 for boxes without a category
    table = np.pad(table, ((0, 1), (0, 1)), constant_values=-1)
    rows = [[index[word] for word in asked] or [len(vocabulary)] for asked in words]
    similarity, word = _similarities(rows, classes, table)
    kept = np.where(similarity >= sigma - ROUNDING, similarity, np.float32(0))
    if attributes is not None:
        kept = with_attributes(kept, classes, categories, attributes, vectors)
    question, box = np.nonzero(select(kept, scores, top) & (kept > 0))
    order = np.lexsort((box, -scores[question, box], -kept[question, box], question))
    question, box = question[order], box[order]
    return KeyObjects(question, box, word[question, box], kept[question, box])


def check_classes(
    classes: Int[np.ndarray, "n k"],
    image_ids: Sequence[int],
    categories: Sequence[str],
    where: str,
) -> None:
    """Let classes pass of which every one has a name; below 0 is no class.

    Raises:
        BadData: a class has no name, or no box has a class at all.
    """
    if classes.size and not (classes >= 0).any():
        raise BadData(
            f"{where}: no box has a class, so no word can name one; import the file of classes, too"
        )
    nameless = np.argwhere(classes >= len(categories))
    if len(nameless):
        image, box = nameless[0]
        raise BadData(
            f"{where}: box {box} of image_id {image_ids[image]} has class "
            f"{classes[image, box]}, but there are only {len(categories)} class names; "
            "give the list of names that belongs to this detector"
        )


def _similarities(
    rows: Sequence[Sequence[int]],
    classes: Int[np.ndarray, "n k"],
    table: Float32[np.ndarray, "w c"],
) -> tuple[Float32[np.ndarray, "n k"], Int[np.ndarray, "n k"]]:
    """The largest cosine for each box, and the word it is of; ``CHUNK`` questions at a time."""
    similarity = np.zeros(classes.shape, dtype=np.float32)
    word = np.zeros(classes.shape, dtype=np.int64)
    for start in range(0, len(rows), CHUNK):
        asked, boxes = rows[start : start + CHUNK], slice(start, start + CHUNK)
        longest = max(map(len, asked))
        padded = np.array([[*row, *[len(table) - 1] * (longest - len(row))] for row in asked])
        # -1 is the last column: no category
        of_words = table[padded[:, :, None], np.maximum(classes[boxes], -1)[:, None, :]]
        best = of_words.argmax(axis=1)
        similarity[boxes] = np.take_along_axis(of_words, best[:, None], axis=1)[:, 0]
        word[boxes] = np.take_along_axis(padded, best, axis=1)
    return similarity, word
