"""``vqax data import``: anybody's questions about images, in the official layout."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from vqax.data import Skipped
from vqax.data.importing import Columns, Imported, Records, Source, read_rows, write_layout
from vqax.errors import BadData, UsageError
from vqax.files import write_parquet
from vqax.ownership import OwnFiles

SPLITS = {
    "train": "train2014",
    **dict.fromkeys(("validation", "validate", "valid", "val", "dev"), "val2014"),
    **dict.fromkeys(("test", "testdev"), "test2015"),
}
"""The names that data sets give to parts -> the official ones; others stay what they are."""
SKIPPED = "skipped.parquet"
ALONE = "train"


def run(
    sources: Sequence[Source],
    out: Path,
    *,
    images: Sequence[Path] = (),
    columns: Columns,
    where: Mapping[str, str],
) -> dict[str, Any]:
    """Write the questions of all sources to ``out``; images stay where they are and are linked.

    Args:
        images: folders in which images are looked for; by default those of the tables.
        where: column -> value of the rows that are taken.

    Raises:
        UsageError: a table without a column for images or questions.
        MissingArtefact: a source is not there.
        BadData: no row can be used; or ``out`` holds files that were not written by this program.
    """
    own = OwnFiles(out)
    own.claim(out / "images")
    beside = (source.path if source.path.is_dir() else source.path.parent for source in sources)
    records = Records(tuple(images) or tuple(dict.fromkeys((*beside, Path()))))
    imported = list(_imported(sources, records, columns, where))
    if not imported:
        reason = f"; the first: {records.skipped[0].reason}" if records.skipped else ""
        raise BadData(f"{sources[0].path}: no row of it can be used{reason}")
    own.claim(*(out / name for name in _names(imported)))
    written = write_layout(out, imported)
    write_parquet(out / SKIPPED, pd.DataFrame(records.skipped, columns=Skipped._fields))
    return {
        **{split: counts._asdict() for split, counts in written.items()},
        "skipped": len(records.skipped),
        **({"first skipped": records.skipped[0].reason} if records.skipped else {}),
        "answers a question": _answers(imported),
        "folder": str(out),
    }


def _names(imported: Sequence[Imported]) -> list[str]:
    from vqax.data.folder import annotations_name, questions_name
    from vqax.data.importing.layout import IDS

    splits = dict.fromkeys(one.split for one in imported)
    return [IDS, SKIPPED, *(n for s in splits for n in (questions_name(s), annotations_name(s)))]


def _answers(imported: Sequence[Imported]) -> str:
    numbers = {0 if one.annotation is None else len(one.annotation.answers) for one in imported}
    return " to ".join(map(str, sorted({min(numbers), max(numbers)})))


def _imported(
    sources: Sequence[Source], records: Records, columns: Columns, where: Mapping[str, str]
) -> Iterator[Imported]:
    for source in sources:
        names: dict[str, str] | None = None
        for number, (split, row) in enumerate(read_rows(source)):
            names = names or columns.found(row.keys(), str(source.path))
            if any(str(row.get(column)) != value for column, value in where.items()):
                continue
            named = split or str(row.get(names.get("split", ""), ALONE))
            official = SPLITS.get(named.lower(), named)
            one = records.record(str(source.path), number, _checked(official), row, names)
            if one is not None:
                yield one


def _checked(split: str) -> str:
    """A split becomes a part of file names."""
    if not split.replace("-", "").replace("_", "").isalnum():
        raise UsageError(f"split {split!r}: is no name; use letters, digits, - and _")
    return split
