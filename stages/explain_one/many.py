"""Questions about many pictures, from a table: a row of answers for each line."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from stages.explain_one import summary
from stages.explain_one.answer import Asker
from stages.explain_one.files import folder_of, write_question
from stages.explain_one.methods import check_methods
from stages.explain_one.picture import load_upright
from stages.explain_one.question import PREDICTED, Asked, ask
from stages.explain_one.subject import Looked, chosen_run, load_subject
from stages.params import Params
from stages.workspace import Workspace
from vqax.errors import BadData, MissingArtefact, UsageError, VqaxError
from vqax.files import read_parquet, write_parquet
from vqax.report.one_picture import Explained

NEEDED, ANSWER, MORE = ("image", "question"), "answer", "more fields"
SKIPPED = ["row", "image", "question", "reason"]


class Line(NamedTuple):
    """A line of the table, counted from 0; ``answer`` is the one to explain.

    ``more``: it has more fields than the table has columns.
    """

    row: int
    image: str
    question: str
    answer: str
    more: bool = False


def run(
    params: Params,
    workspace: Workspace,
    name: str | None,
    *,
    source: Path,
    answer: str = PREDICTED,
    methods: Sequence[str] = (),
    out: Path | None = None,
    figures: bool = False,
    device: str = "cpu",
    progress: Any = None,
) -> summary.Outcome:
    """Answer every line of ``source``, a CSV or Parquet with the columns image and question.

    A column answer names the answer to explain, where it is not empty. Pictures are relative to
    the table. Writes predictions.parquet and, for lines that cannot be used, skipped.parquet;
    ``figures`` adds figures and raw maps. By default into data/explained/RUN/TABLE.

    Raises:
        UsageError: an unknown run or method, or a method needs what the run has not.
        MissingArtefact: the run is not trained, or there is no such table.
        BadData: the table cannot be read, or none of its lines can be used.
    """
    check_methods(methods)
    name = chosen_run(params, workspace, name)
    lines = read_lines(source, answer)
    asker = Asker(load_subject(params, workspace, name, device=device), methods, maps=figures)
    folder = folder_of(workspace, name, source.stem, out)
    rows: list[dict[str, Any]] = []
    skipped: list[tuple[Any, ...]] = []
    for line, became in _each(asker, lines, source.parent):
        if isinstance(became, VqaxError):
            skipped.append((line.row, line.image, line.question, str(became)))
        else:
            explained, asked = became
            files = write_question(explained, folder / "figures", line.row) if figures else {}
            rows.append(_row(line, explained, asked, files))
        if progress is not None:
            progress(len(rows) + len(skipped), len(lines))
    skipped.sort()
    written = _write(folder, rows, skipped)
    if not rows:
        raise BadData(f"{source}: none of its {len(lines)} lines can be used; {skipped[0][-1]}")
    values = {"run": name, "explained": len(rows), "skipped": len(skipped), **written}
    values["left_out"] = {method: list(needs) for method, needs in asker.methods.left_out.items()}
    text = [f"{key}: {value}" for key, value in values.items() if key != "left_out"]
    if skipped:
        text.append(f"first skipped: row {skipped[0][0]}, {skipped[0][-1]}")
    text += summary.left_out_lines(asker.methods.left_out)
    return summary.Outcome(values, "\n".join(text))


def read_lines(source: Path, answer: str) -> list[Line]:
    """The lines of a table; ``answer`` stands where the table names none.

    Raises:
        UsageError: the name ends neither in .csv nor in .parquet.
        MissingArtefact: there is no such file.
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
        raise BadData(f"{source}: holds no line; give at least one picture with a question")
    return [
        Line(row, *(_text(record.get(column)) for column in NEEDED),
             answer=_text(record.get(ANSWER)) or answer, more=MORE in record)
        for row, record in enumerate(records)
    ]  # fmt: skip


def _read(source: Path) -> tuple[list[str], list[dict[str, Any]]]:
    """The names of the columns, and each line by them."""
    if source.suffix.lower() == ".parquet":
        table = read_parquet(source)
        names = [str(column) for column in table.columns]
        return names, table.set_axis(names, axis=1).to_dict("records")
    if source.suffix.lower() != ".csv":
        raise UsageError(f"{source}: neither .csv nor .parquet; give one of the two")
    try:
        with source.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey=MORE)
            return list(reader.fieldnames or ()), list(reader)
    except FileNotFoundError as error:
        raise MissingArtefact(f"{source}: no such file; name a table that is there") from error
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        raise BadData(f"{source}: not a CSV in UTF-8 ({error}); mend or convert it") from error


def _text(value: Any) -> str:
    missing = value is None or value is pd.NA or value != value
    return "" if missing else str(value).strip()


Became = VqaxError | tuple[Explained, Asked]


def _each(asker: Asker, lines: Sequence[Line], folder: Path) -> Iterator[tuple[Line, Became]]:
    """What became of each line; those about one picture together, so that it is read once."""
    by_picture: dict[str, list[Line]] = {}
    for line in lines:
        mistake = _mistake(line)
        if mistake:
            yield line, BadData(mistake)
        else:
            by_picture.setdefault(line.image, []).append(line)
    for image, about in by_picture.items():
        try:
            looked = asker.subject.look(folder / image, load_upright(folder / image))
        except VqaxError as error:
            yield from ((line, error) for line in about)
            continue
        yield from ((line, _answered(asker, looked, line)) for line in about)


def _mistake(line: Line) -> str:
    """What is wrong with a line in itself."""
    if line.more:
        return "more fields than columns; put quotes around a text with commas"
    return "" if line.image else "image: is empty; name a picture"


def _answered(asker: Asker, looked: Looked, line: Line) -> Became:
    try:
        asked = ask(asker.subject, line.question)
        return asker(looked, [(asked, line.answer)])[0], asked
    except VqaxError as error:
        return error


def _row(line: Line, explained: Explained, asked: Asked, files: Any) -> dict[str, Any]:
    return {
        "row": line.row,
        "image": line.image,
        "question": line.question,
        "answer": explained.answer,
        "top5_answers": [answer for answer, _ in explained.top5],
        "top5_probabilities": [share for _, share in explained.top5],
        **explained.uncertainties,
        "explained": explained.explained,
        "explained_probability": explained.probability,
        "truth": explained.truth,
        "unknown_words": list(asked.unknown),
        "words_not_read": len(asked.unread),
        **{kind: str(path) for kind, path in files.items()},
    }


def _write(
    folder: Path, rows: list[dict[str, Any]], skipped: list[tuple[Any, ...]]
) -> dict[str, str]:
    """Both tables, in the order of the lines; skipped.parquet also where nothing was."""
    paths = {"predictions": folder / "predictions.parquet", "list": folder / "skipped.parquet"}
    table = pd.DataFrame(rows)
    if rows:
        write_parquet(paths["predictions"], table.sort_values("row"))
    write_parquet(paths["list"], pd.DataFrame(skipped, columns=SKIPPED))
    return {"predictions": str(paths["predictions"]), "skipped_list": str(paths["list"])}
