"""Questions about many images, of a table or a folder: a row of answers for each."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from stages.explain_one import journal, summary
from stages.explain_one.journal import Journal
from stages.explain_one.methods import check_methods
from stages.explain_one.model_choice import Model, told_with_its_line
from stages.explain_one.output import folder_of, write_question
from stages.explain_one.question import PREDICTED, EncodedQuestion, ask, check_question
from stages.explain_one.summary import Say, quiet
from stages.explain_one.table import Line, lines_of, mistake_of
from stages.explain_one.vision import VisualInput
from stages.explain_one.vision_language import AnyAnswerer, answerer_of
from vqax.adapters.vision_language import is_pretrained
from vqax.data.images import load_upright
from vqax.errors import BadData, VqaxError
from vqax.files import atomic_path, write_parquet, write_text
from vqax.locks import locked
from vqax.ownership import OwnFiles
from vqax.report.one_image import Explained
from vqax.vision.weights import weight_hash

PREDICTIONS, SKIPPED = "predictions.parquet", "skipped.parquet"
AS_CSV, PAGE, SECTION = "predictions.csv", "page.html", ".page_part"
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
    html: bool = False,
    device: str = "cpu",
    progress: Any = None,
    say: Say = quiet,
) -> summary.Summary:
    """Answer every line of ``source``, a CSV or Parquet with the columns image and question.

    Or a folder: ``questions`` about each of its images. A column answer names the answer to
    explain, where it is not empty. Images are relative to the table. Writes predictions.parquet,
    the same as predictions.csv and, for lines that cannot be used, skipped.parquet; ``figures``
    adds figures and raw maps, ``html`` one page of all. By default into
    data/explained/MODEL/NAME. Answers are kept as they come: started again after a kill, it goes
    on, and ends with the same files.

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
    answerer = answerer_of(model.load(device), methods, maps=figures or html)
    images = source if source.is_dir() else source.parent
    folder = folder_of(answerer.loaded.name, source.stem, out)
    with locked(folder / ".explain.lock"):
        own = OwnFiles(folder)
        pages = (PAGE,) if html else ()
        own.claim(*(folder / name for name in (PREDICTIONS, AS_CSV, SKIPPED, journal.NAME, *pages)))
        keep = Kept(own, figures, html)
        answers = Journal(folder / journal.NAME, _identity(answerer, model.source, keep))
        with answers:
            each = _each(answerer, lines, images, answers, keep)
            rows, skipped = _sorted_out(each, len(lines), progress)
        written = _write(folder, rows, skipped)
        if html and rows:
            written |= keep.page(source, rows, skipped, answerer.loaded.facts)
        answers.finish()
    if not rows:
        raise BadData(f"{source}: none of its {len(lines)} lines can be used; {skipped[0][-1]}")
    values = {
        "run": answerer.loaded.name,
        "explained": len(rows),
        "skipped": len(skipped),
        **written,
    }
    for key, value in values.items():
        say(f"{key}: {value}")
    if skipped:
        say(f"first skipped: row {skipped[0][0]}, {skipped[0][-1]}")
    for text in summary.left_out_lines(answerer.methods.left_out):
        say(text)
    left_out = {method: list(needs) for method, needs in answerer.methods.left_out.items()}
    return {**values, "left_out": left_out}


Row = dict[str, Any]
SkippedLine = tuple[int, str, str, str]


class Kept(NamedTuple):
    """What is written of each line beside its row: figures, and its part of the page."""

    own: OwnFiles
    figures: bool
    html: bool

    def files(self, explained: Explained, line: Line) -> dict[str, Path]:
        written: dict[str, Path] = {}
        if self.figures:
            written |= write_question(explained, self.own, line.row, below="figures")
        if self.html:
            from vqax.report.one_image_html import render_section

            written[SECTION] = self._section(line.row)
            self.own.claim(written[SECTION])
            write_text(written[SECTION], render_section(explained))
        return written

    def page(
        self,
        source: Path,
        rows: Sequence[Row],
        skipped: Sequence[SkippedLine],
        facts: Mapping[str, str],
    ) -> dict[str, str]:
        """Put the parts of all lines into one page, and take them away."""
        from vqax.report.one_image_html import write_album

        path = self.own.folder / PAGE
        parts = [
            (row["image"], self._section(row["row"]).read_text(encoding="utf-8")) for row in rows
        ]
        left_out = [(image, reason) for _, image, _, reason in skipped]
        told = {**facts, "vqax": metadata.version("vqax")}
        write_album(path, source.stem, parts, skipped=left_out, facts=told)
        for row in rows:
            self._section(row["row"]).unlink()
        return {"page": str(path)}

    def _section(self, row: int) -> Path:
        return self.own.folder / f"{SECTION}_{row}.html"


Became = VqaxError | Row


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
    answerer: AnyAnswerer, lines: Sequence[Line], folder: Path, answers: Journal, keep: Kept
) -> Iterator[tuple[Line, Became]]:
    """What became of each line; those about one image together, so that it is read once."""
    by_image: dict[str, list[Line]] = {}
    for line in lines:
        mistake = mistake_of(line)
        if mistake:
            yield line, BadData(mistake)
        elif (known := answers.row(line, folder / line.image)) is not None:
            yield line, known
        else:
            by_image.setdefault(line.image, []).append(line)
    for image, about in by_image.items():
        try:
            visual_input = answerer.loaded.encoder.encode(
                folder / image, load_upright(folder / image)
            )
        except VqaxError as error:
            yield from ((line, error) for line in about)
            continue
        yield from (
            (line, _answered(answerer, visual_input, line, answers, keep)) for line in about
        )


def _answered(
    answerer: AnyAnswerer, visual_input: VisualInput, line: Line, answers: Journal, keep: Kept
) -> Became:
    """The row of a line, kept as soon as it is known."""
    try:
        question = ask(answerer.loaded, line.question)
        explained = answerer(visual_input, [(question, line.answer)])[0]
    except VqaxError as error:
        return error
    files = keep.files(explained, line)
    told = {kind: path for kind, path in files.items() if kind != SECTION}
    return answers.add(line, visual_input.path, _row(line, explained, question, told), files)


def _identity(answerer: AnyAnswerer, source: str | None, keep: Kept) -> dict[str, Any]:
    """What the answers depend on beside the lines and images."""
    loaded = answerer.loaded
    image_encoder = loaded.encoder.pixel_model
    code = "" if source is None or is_pretrained(source) else _code(source)
    return {
        "model": [loaded.name, dict(loaded.facts), weight_hash(loaded.model.state_dict())],
        "image_encoder": None
        if image_encoder is None
        else weight_hash(image_encoder.image_encoder.state_dict()),
        "code": hashlib.sha256(code.encode()).hexdigest(),
        "passes": [loaded.samples, loaded.seed],
        "methods": list(answerer.methods.used),
        "figures": keep.figures,
        "html": keep.html,
    }


def _code(source: str) -> str:
    """The file of FILE.py:FUNCTION."""
    return Path(source.rpartition(":")[0]).read_text(encoding="utf-8")


def _row(line: Line, explained: Explained, question: EncodedQuestion, files: Any) -> dict[str, Any]:
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
        "unknown_words": list(question.unknown),
        "words_not_read": len(question.unread),
        **{kind: str(path) for kind, path in files.items()},
    }


def _write(folder: Path, rows: list[Row], skipped: list[SkippedLine]) -> dict[str, str]:
    """Both tables, in the order of the lines; skipped.parquet also where nothing was."""
    predictions, csv, listed = folder / PREDICTIONS, folder / AS_CSV, folder / SKIPPED
    if rows:
        write_parquet(predictions, pd.DataFrame(rows))
        with atomic_path(csv) as temporary:
            _plain(pd.DataFrame(rows)).to_csv(temporary, index=False)
    write_parquet(listed, pd.DataFrame(skipped, columns=COLUMNS_OF_SKIPPED))
    return {"predictions": str(predictions), "csv": str(csv), "skipped_list": str(listed)}


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Lists as JSON, which a cell of CSV can hold."""
    lists = {
        name: column.map(json.dumps)
        for name, column in table.items()
        if column.map(lambda value: isinstance(value, list)).any()
    }
    return table.assign(**lists)
