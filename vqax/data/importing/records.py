"""Rows of tables as questions and annotations with whole-number ids."""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from vqax.data.importing.columns import answers_in, as_text
from vqax.data.records import Annotation, Answer, Question, Skipped

DIGITS = 16
"""Longer numbers are not the same in every reader of JSON."""
SUFFIXES = ("", ".jpg", ".png", ".jpeg", ".JPG", ".PNG", ".JPEG")
TYPE_WORDS = 2
YES_NO = frozenset({"yes", "no"})


class Imported(NamedTuple):
    """One question; ``image`` is its file, or the bytes of one that is in the table itself."""

    split: str
    source_id: str
    question: Question
    annotation: Annotation | None
    image: Path | bytes


class Ids:
    """Whole numbers, each given once."""

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._largest = 0

    def of(self, text: str) -> int:
        """The number that a text is, or one past all that are taken."""
        number = int(text) if text.isascii() and text.isdigit() and len(text) < DIGITS else -1
        if number < 0 or number in self._taken:
            number = self._largest + 1
        self._taken.add(number)
        self._largest = max(self._largest, number)
        return number


@dataclass
class Records:
    """Makes records of rows; one for a whole data set, so that ids are unique in it.

    ``folders`` are where images are looked for. A whole number that is a new id is kept as it is;
    other questions and images are numbered from 1, past those that were kept.
    """

    folders: tuple[Path, ...]
    skipped: list[Skipped] = field(default_factory=list)
    _images: dict[str, int] = field(default_factory=dict)
    _image_ids: Ids = field(default_factory=Ids)
    _question_ids: Ids = field(default_factory=Ids)

    def record(
        self, table: str, row_number: int, split: str, row: dict[str, Any], names: dict[str, str]
    ) -> Imported | None:
        """None, and a line in ``skipped``, where there is no question or no image."""
        cells = {kind: row.get(name) for kind, name in names.items()}
        text, image = as_text(cells["question"]), self._image(cells["image"])
        if not text or image is None:
            what = f"image {_shown(cells['image'])} is not there" if text else "has no question"
            self.skipped.append(Skipped(table, f"row {row_number}", f"{what}; add it"))
            return None
        source_id = as_text(cells.get("id"))
        question_id = self._question_ids.of(source_id)
        image_id = self._image_id(image)
        answers = answers_in(cells.get("answers"))
        annotation = annotated(question_id, image_id, text, answers, cells) if answers else None
        return Imported(split, source_id, Question(question_id, image_id, text), annotation, image)

    def _image(self, value: Any) -> Path | bytes | None:
        """A path, a name with or without its ending, or bytes as Hugging Face keeps them."""
        if isinstance(value, bytes):
            return value
        if isinstance(value, dict):
            return value["bytes"] if value.get("bytes") else self._image(value.get("path"))
        name = as_text(value)
        names = (folder / f"{name}{end}" for folder in self.folders for end in SUFFIXES)
        return next((path for path in names if path.is_file()), None) if name else None

    def _image_id(self, image: Path | bytes) -> int:
        """The same for the same image, whatever its split."""
        if isinstance(image, Path):
            key, number = str(image.resolve()), image.stem
        else:
            key, number = sha256(image).hexdigest(), ""
        if key not in self._images:
            self._images[key] = self._image_ids.of(number)
        return self._images[key]


def annotated(
    question_id: int, image_id: int, text: str, answers: list[str], cells: dict[str, Any]
) -> Annotation:
    """The most frequent answer is the one to choose; types that no column names follow from it."""
    best = Counter(answers).most_common(1)[0][0]
    return Annotation(
        question_id=question_id,
        image_id=image_id,
        question_type=as_text(cells.get("question_type")) or _question_type(text),
        answer_type=_answer_type(as_text(cells.get("answer_type")).lower(), best),
        multiple_choice_answer=best,
        answers=tuple(Answer(one, "yes", n) for n, one in enumerate(answers, start=1)),
    )


def _question_type(text: str) -> str:
    """Its first words, as those of VQA mostly are."""
    return " ".join(text.lower().split()[:TYPE_WORDS]).rstrip("?")


def _answer_type(given: str, answer: str) -> str:
    """Of VQA's three; a name of other data sets, such as closed, is none."""
    if given in ("yes/no", "number", "other"):
        return given
    if answer.lower() in YES_NO:
        return "yes/no"
    return "number" if answer.replace(".", "", 1).isdigit() else "other"


def _shown(value: Any) -> str:
    text = as_text(value.get("path") if isinstance(value, dict) else value)
    return repr(text[:80])
