"""How alike words and category names are: cosines of their GloVe vectors, as one table."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float32

from vqax.text.glove import WordVectors

DECIMALS = 6


def category_vectors(
    names: Sequence[str], vectors: WordVectors
) -> tuple[Float32[np.ndarray, "c dim"], Bool[np.ndarray, "c"]]:
    """A vector for each name, and whether it has one.

    Of comma alternatives the first is taken (``gray,grey``); a name of several words is the sum of
    their vectors, of those that are known, as in the tables of SCR and AttReg.
    """
    words = [name.split(",")[0].lower().split() for name in names]
    flat = [word for name in words for word in name]
    owner = np.repeat(np.arange(len(words)), [len(name) for name in words])
    summed = np.zeros((len(words), vectors.dim), dtype=np.float32)
    np.add.at(summed, owner, vectors.lookup(flat))
    return summed, np.asarray(summed.any(axis=1))


def cosine_table(
    words: Sequence[str], categories: Sequence[str], vectors: WordVectors
) -> Float32[np.ndarray, "w c"]:
    """The cosine of each word with each category, in [-1, 1]; -1 where one has no vector."""
    rows = vectors.lookup(words)
    columns, known = category_vectors(categories, vectors)
    # rounded, so that every word is as like itself as any other word is
    table = np.round(_unit(rows) @ _unit(columns).T, DECIMALS)
    table[~rows.any(axis=1)] = -1
    table[:, ~known] = -1
    return np.clip(table, -1, 1)


def _unit(rows: Float32[np.ndarray, "n dim"]) -> Float32[np.ndarray, "n dim"]:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
