"""Fixation lists as CSV: where people looked, one line a fixation.

Columns: ``question_id`` (without it, the name of the file is the id), ``x`` and ``y`` in pixels
from the upper left corner of the image, ``width`` and ``height`` of that image in pixels, and, if
several people looked, ``annotator``. Other columns are not read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float64

from vqax.errors import BadData

NUMBERS = ("x", "y", "width", "height")
CANVAS = 512
"""The longer side, in cells, of the canvas that fixations are counted on."""


class Fixations(NamedTuple):
    """How often one person fixated each cell (h,w) of an image; ``outside`` of it not counted."""

    name: str
    counts: Float64[np.ndarray, "h w"]
    outside: int
    where: str


def read_fixations(path: Path) -> Iterator[Fixations]:
    """The fixations of each question and annotator, on a canvas of the image's shape.

    Raises:
        BadData: not a CSV in UTF-8, a column is absent, a value is no number, or one image has
            two sizes.
    """
    table = _table(path)
    ids = table["question_id"] if "question_id" in table else pd.Series(path.stem, table.index)
    person = table["annotator"] if "annotator" in table else pd.Series("", table.index)
    for (name, _), rows in table.groupby([ids, person], sort=True, dropna=False):
        where = f"{path}: question {name}"
        sizes = rows[["width", "height"]].drop_duplicates()
        if len(sizes) > 1:
            raise BadData(f"{where}: has images of {len(sizes)} sizes; give all of them one size")
        width, height = sizes.iloc[0]
        counts, outside = _counted(rows["x"], rows["y"], float(width), float(height))
        yield Fixations(str(name), counts, outside, where)


def _table(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(
            path, dtype={"question_id": str, "annotator": str}, encoding="utf-8-sig"
        )
    except (ValueError, OSError) as error:
        raise BadData(f"{path}: not a readable CSV in UTF-8 ({error}); convert it") from error
    absent = [column for column in NUMBERS if column not in table]
    if absent:
        raise BadData(
            f"{path}: has no column {' and no column '.join(absent)}; give x, y, width and height "
            "in pixels"
        )
    for column in NUMBERS:
        values = pd.to_numeric(table[column], errors="coerce")
        wrong = ~np.isfinite(values) | ((values <= 0) & (column in ("width", "height")))
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise BadData(
                f"{path}: line {row + 2}: {column} is {str(table[column].iloc[row])!r}; give pixels"
            )
        table[column] = values
    return table


def _counted(
    x: pd.Series, y: pd.Series, width: float, height: float
) -> tuple[Float64[np.ndarray, "h w"], int]:
    scale = min(1.0, CANVAS / max(width, height))
    shape = max(1, round(height * scale)), max(1, round(width * scale))
    inside = ((x >= 0) & (x < width) & (y >= 0) & (y < height)).to_numpy()
    rows = (y.to_numpy()[inside] / height * shape[0]).astype(np.int64)
    columns = (x.to_numpy()[inside] / width * shape[1]).astype(np.int64)
    counts = np.zeros(shape)
    np.add.at(counts, (rows, columns), 1)
    return counts, int((~inside).sum())
