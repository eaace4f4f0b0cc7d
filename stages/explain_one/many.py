"""Questions about many pictures, of a table or a folder: a row of answers for each."""

import hashlib
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import pandas as pd

from stages.explain_one import journal, summary
from stages.explain_one.answer import Asker
from stages.explain_one.asked import Model, told_with_its_line
from stages.explain_one.eyes import Looked
from stages.explain_one.files import folder_of, write_question
from stages.explain_one.journal import Journal
from stages.explain_one.lines import Line, lines_of, mistake_of
from stages.explain_one.methods import check_methods
from stages.explain_one.question import PREDICTED, Asked, ask, check_question
from stages.explain_one.summary import Say, quiet
from vqax.data.pictures import load_upright
from vqax.errors import BadData, VqaxError
from vqax.files import write_parquet
from vqax.locks import locked
from vqax.ownership import OwnFiles
from vqax.report.one_picture import Explained
from vqax.vision.weights import weight_hash

PREDICTIONS, SKIPPED = "predictions.parquet", "skipped.parquet"
COLUMNS_OF_SKIPPED = ["row", "image", "question", "reason"]


@told_with_its_line
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
    default into data/explained/MODEL/NAME. Answers are kept as they come: started again after a
    kill, it goes on, and ends with the same tables.

    Raises:
        UsageError: an unknown run or method, or a method needs what the model has not.
        MissingArtefact: the run is not trained, or there is no such table.
        BadData: the table cannot be read, none of its lines can be used, or a file cannot be
            written or is not ours to replace.
    """
    check_methods(methods)
    for question in questions:
        check_question(question)
    lines = lines_of(source, questions, answer)
    asker = Asker(model.load(device), methods, maps=figures)
    pictures = source if source.is_dir() else source.parent
    folder = folder_of(asker.subject.name, source.stem, out)
    with locked(folder / ".explain.lock"):
        own = OwnFiles(folder)
        own.claim(*(folder / name for name in (PREDICTIONS, SKIPPED, journal.NAME)))
        answers = Journal(folder / journal.NAME, _identity(asker, model.source, figures))
        with answers:
            each = _each(asker, lines, pictures, answers, own if figures else None)
            rows, skipped = _sorted_out(each, len(lines), progress)
        written = _write(folder, rows, skipped)
        answers.finish()
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


Row = dict[str, Any]
Became = VqaxError | Row
SkippedLine = tuple[int, str, str, str]


def _sorted_out(
    each: Iterator[tuple[Line, Became]], total: int, progress: Any
) -> tuple[list[Row], list[SkippedLine]]:
    """The rows of the lines that were answered, and why the others were not, in their order."""
    rows: list[Row] = []
    skipped: list[SkippedLine] = []
    for line, became in each:
        if isinstance(became, VqaxError):
            skipped.append((line.row, line.image, line.question, str(became)))
        else:
            rows.append(became)
        if progress is not None:
            progress(len(rows) + len(skipped), total)
    return sorted(rows, key=itemgetter("row")), sorted(skipped)


def _each(
    asker: Asker, lines: Sequence[Line], folder: Path, answers: Journal, figures: OwnFiles | None
) -> Iterator[tuple[Line, Became]]:
    """What became of each line; those about one picture together, so that it is read once."""
    by_picture: dict[str, list[Line]] = {}
    for line in lines:
        mistake = mistake_of(line)
        if mistake:
            yield line, BadData(mistake)
        elif (known := answers.row(line, folder / line.image)) is not None:
            yield line, known
        else:
            by_picture.setdefault(line.image, []).append(line)
    for image, about in by_picture.items():
        try:
            looked = asker.subject.eyes.look(folder / image, load_upright(folder / image))
        except VqaxError as error:
            yield from ((line, error) for line in about)
            continue
        yield from ((line, _answered(asker, looked, line, answers, figures)) for line in about)


def _answered(
    asker: Asker, looked: Looked, line: Line, answers: Journal, figures: OwnFiles | None
) -> Became:
    """The row of a line, kept as soon as it is known."""
    try:
        asked = ask(asker.subject, line.question)
        explained = asker(looked, [(asked, line.answer)])[0]
    except VqaxError as error:
        return error
    files = write_question(explained, figures, line.row, below="figures") if figures else {}
    return answers.add(line, looked.path, _row(line, explained, asked, files), files)


def _identity(asker: Asker, source: str | None, figures: bool) -> dict[str, Any]:
    """What the answers depend on beside the lines and pictures."""
    subject = asker.subject
    trunk = subject.eyes.pixel_model
    code = "" if source is None else Path(source.rpartition(":")[0]).read_text(encoding="utf-8")
    return {
        "model": [subject.name, dict(subject.facts), weight_hash(subject.model.state_dict())],
        "trunk": None if trunk is None else weight_hash(trunk.trunk.state_dict()),
        "code": hashlib.sha256(code.encode()).hexdigest(),
        "passes": [subject.samples, subject.seed],
        "methods": list(asker.methods.used),
        "figures": figures,
    }


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


def _write(folder: Path, rows: list[Row], skipped: list[SkippedLine]) -> dict[str, str]:
    """Both tables, in the order of the lines; skipped.parquet also where nothing was."""
    predictions, listed = folder / PREDICTIONS, folder / SKIPPED
    if rows:
        write_parquet(predictions, pd.DataFrame(rows))
    write_parquet(listed, pd.DataFrame(skipped, columns=COLUMNS_OF_SKIPPED))
    return {"predictions": str(predictions), "skipped_list": str(listed)}
