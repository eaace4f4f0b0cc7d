"""Questions about many pictures, of a table or a folder: a row of answers for each."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stages.explain_one import summary
from stages.explain_one.answer import Asker
from stages.explain_one.asked import Model
from stages.explain_one.eyes import Looked
from stages.explain_one.files import folder_of, write_question
from stages.explain_one.lines import Line, lines_of
from stages.explain_one.methods import check_methods
from stages.explain_one.question import PREDICTED, Asked, ask, check_question
from stages.explain_one.summary import Say, quiet
from vqax.data.pictures import load_upright
from vqax.errors import BadData, VqaxError
from vqax.files import write_parquet
from vqax.report.one_picture import Explained

SKIPPED = ["row", "image", "question", "reason"]


def run(
    model: Model,
    *,
    source: Path,
    questions: Sequence[str] = (),
    answer: str = PREDICTED,
    methods: Sequence[str] = (),
    out: Path | None = None,
    figures: bool = False,
    device: str = "cpu",
    progress: Any = None,
    say: Say = quiet,
) -> summary.Summary:
    """Answer every line of ``source``, a CSV or Parquet with the columns image and question.

    Or a folder: ``questions`` about each of its pictures. A column answer names the answer to
    explain, where it is not empty. Pictures are relative to the table. Writes predictions.parquet
    and, for lines that cannot be used, skipped.parquet; ``figures`` adds figures and raw maps. By
    default into data/explained/MODEL/NAME.

    Raises:
        UsageError: an unknown run or method, or a method needs what the model has not.
        MissingArtefact: the run is not trained, or there is no such table.
        BadData: the table cannot be read, or none of its lines can be used.
    """
    check_methods(methods)
    for question in questions:
        check_question(question)
    lines = lines_of(source, questions, answer)
    asker = Asker(model.load(device), methods, maps=figures)
    pictures = source if source.is_dir() else source.parent
    folder = folder_of(asker.subject.name, source.stem, out)
    rows: list[dict[str, Any]] = []
    skipped: list[tuple[Any, ...]] = []
    for line, became in _each(asker, lines, pictures):
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
    values = {"run": asker.subject.name, "explained": len(rows), "skipped": len(skipped), **written}
    for key, value in values.items():
        say(f"{key}: {value}")
    if skipped:
        say(f"first skipped: row {skipped[0][0]}, {skipped[0][-1]}")
    for text in summary.left_out_lines(asker.methods.left_out):
        say(text)
    left_out = {method: list(needs) for method, needs in asker.methods.left_out.items()}
    return {**values, "left_out": left_out}


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
            looked = asker.subject.eyes.look(folder / image, load_upright(folder / image))
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
