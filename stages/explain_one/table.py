"""What is asked of many images: the lines of a table, or each question about each image."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.foreign import reading

NEEDED, ANSWER, MORE = ("image", "question"), "answer", "more fields"
MANY = "more fields than columns; put quotes around a text with commas"
IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")


class Line(NamedTuple):
    """An image and a question, counted from 0; ``answer`` is the one to explain.

    ``mistake``: what is wrong with the line in itself, and what to do about it.
    """

    row: int
    image: str
    question: str
    answer: str
    mistake: str = ""


def mistake_of(line: Line) -> str:
    """What is wrong with a line in itself; empty where nothing is."""
    return line.mistake or ("" if line.image else "image: is empty; name an image")


def lines_of(source: Path, questions: Sequence[str], answer: str) -> list[Line]:
    """The lines of a table, or of a folder: every question about every image in it.

    Raises:
        UsageError: a folder without questions, or a table with some.
        MissingArtefact: neither is there.
        BadData: as ``read_table`` and ``read_folder``.
    """
    if source.is_dir():
        if not questions:
            raise UsageError(f"--from {source}: is a folder; give at least one --question")
        return read_folder(source, questions, answer)
    if not source.exists():
        raise MissingArtefact(f"--from {source}: no such file or folder; name one that is there")
    if questions:
        raise UsageError(f"--question: does not go with --from {source}; its lines hold them")
    return read_table(source, answer)


def read_folder(source: Path, questions: Sequence[str], answer: str) -> list[Line]:
    """Images by the endings ``IMAGES``, in the order of their names; not of folders below.

    Raises:
        BadData: there is none.
    """
    names = sorted(
        path.name for path in source.iterdir() if path.is_file() and path.suffix.lower() in IMAGES
    )
    if not names:
        raise BadData(f"{source}: holds no image; names must end in {', '.join(IMAGES)}")
    asked = [(*_printable(name), question) for name in names for question in questions]
    return [
        Line(row, name, question, answer, mistake)
        for row, (name, mistake, question) in enumerate(asked)
    ]


def _printable(name: str) -> tuple[str, str]:
    """A file's name as tables may hold it, and what is wrong with one that is not UTF-8."""
    shown = name.encode("utf-8", "backslashreplace").decode("utf-8")
    return shown, "" if shown == name else "image: its name is not UTF-8; rename the file"


def read_table(source: Path, answer: str) -> list[Line]:
    """The lines of a table; ``answer`` stands where the table names none.

    Raises:
        UsageError: the name ends neither in .csv nor in .parquet.
        BadData: it cannot be read, has no lines, or one of the two columns is absent.
    """
    columns, records = _read(source)
    absent = [column for column in NEEDED if column not in columns]
    if absent:
        raise BadData(
            f"{source}: has no column {' and no column '.join(absent)}; it has "
            f"{', '.join(columns) or 'none'}"
        )
    if not records:
        raise BadData(f"{source}: holds no line; give at least one image with a question")
    return [
        Line(row, *(_text(record.get(column)) for column in NEEDED),
             answer=_text(record.get(ANSWER)) or answer, mistake=MANY * (MORE in record))
        for row, record in enumerate(records)
    ]  # fmt: skip


def _read(source: Path) -> tuple[list[str], list[dict[str, Any]]]:
    """The names of the columns, and each line by them."""
    kind = source.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise UsageError(f"{source}: neither .csv nor .parquet nor a folder; give one of them")
    with reading(source, "a readable Parquet file, or a CSV in UTF-8", "mend or convert it"):
        return _read_parquet(source) if kind == ".parquet" else _read_csv(source)


def _read_parquet(source: Path) -> tuple[list[str], list[dict[str, Any]]]:
    table = pd.read_parquet(source)
    names = [str(column) for column in table.columns]
    return names, table.set_axis(names, axis=1).to_dict("records")


def _read_csv(source: Path) -> tuple[list[str], list[dict[str, Any]]]:
    with source.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restkey=MORE)
        return list(reader.fieldnames or ()), list(reader)


def _text(value: Any) -> str:
    missing = value is None or value is pd.NA or value != value
    return "" if missing else str(value).strip()
