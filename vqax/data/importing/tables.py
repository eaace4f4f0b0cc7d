"""The rows of CSV, TSV, JSON, JSON Lines, Parquet, and folders of Hugging Face ``datasets``."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from vqax.errors import BadData, MissingArtefact
from vqax.foreign import reading

Row = dict[str, Any]
ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".arrow")
WHOLE = "a whole table in UTF-8 of the kind that its name ends in"


class Source(NamedTuple):
    """A table, or a folder of them; ``split`` is that of all its rows, "" where the rows say it."""

    path: Path
    split: str = ""


def read_rows(source: Source) -> Iterator[tuple[str, Row]]:
    """Each row with its split, by the source, or by the file or folder of a split; else "".

    Raises:
        MissingArtefact: there is no such file.
        BadData: it cannot be read, or a folder holds no table.
    """
    if not source.path.exists():
        raise MissingArtefact(f"{source.path}: no such file or folder; name one that is there")
    if source.path.is_file():
        yield from ((source.split, row) for row in _rows(source.path))
        return
    tables = [path for path in sorted(source.path.rglob("*")) if _is_table(path)]
    if not tables:
        raise BadData(f"{source.path}: holds no table; names must end in {', '.join(ENDINGS)}")
    for path in tables:
        split = source.split or split_of(path, source.path)
        yield from ((split, row) for row in _rows(path))


def _is_table(path: Path) -> bool:
    """Of a folder of Hugging Face not what describes the tables, nor what it keeps for itself."""
    about = {"dataset_dict.json", "dataset_info.json", "dataset_infos.json", "state.json"}
    is_own = path.name.startswith(("cache-", ".")) or path.name in about
    return path.is_file() and path.suffix in ENDINGS and not is_own


def split_of(path: Path, root: Path) -> str:
    """``train`` of train/data-00000.arrow, train-00000-of-00001.parquet and train.json."""
    folders = path.relative_to(root).parts[:-1]
    named = [part for part in folders if part not in ("data", "default")]
    return named[-1] if named else path.stem.partition("-")[0]


def _rows(path: Path) -> Iterator[Row]:
    readers = {".parquet": _parquet, ".arrow": _arrow, ".json": _json, ".jsonl": _lines}
    with reading(path, WHOLE, "mend or convert it"):
        yield from readers.get(path.suffix, _text)(path)


def _text(path: Path) -> Iterator[Row]:
    delimiter = "\t" if path.suffix == ".tsv" else ","
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file, delimiter=delimiter)


def _lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as file:
        yield from (_object(json.loads(line)) for line in file if line.strip())


def _json(path: Path) -> Iterator[Row]:
    """A list, a list below the key ``data`` or ``questions``, or id -> row."""
    value = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(value, dict):
        value = next((value[key] for key in ("data", "questions") if key in value), value)
    if isinstance(value, dict):
        yield from ({"id": key, **_object(row)} for key, row in value.items())
    else:
        yield from map(_object, value)


def _object(value: Any) -> Row:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r:.80} where a record with names should be")
    return value


def _parquet(path: Path) -> Iterator[Row]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=256):
            yield from batch.to_pylist()


def _arrow(path: Path) -> Iterator[Row]:
    """As ``datasets`` saves it: a stream of batches."""
    import pyarrow as pa

    with pa.memory_map(str(path)) as mapped, pa.ipc.open_stream(mapped) as stream:
        for batch in stream:
            yield from batch.to_pylist()
