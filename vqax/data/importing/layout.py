"""Imported records as the files of VQA; images are linked, not copied."""

import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from PIL import Image

from vqax.data.folder import annotations_name, image_name, questions_name
from vqax.data.importing.records import Imported
from vqax.data.records import Annotation, Question
from vqax.data.vqa import write_annotations, write_questions
from vqax.errors import BadData
from vqax.files import atomic_path, write_parquet
from vqax.foreign import reading

IDS = "ids.parquet"
ENDINGS = {"JPEG": ".jpg", "PNG": ".png"}


class Written(NamedTuple):
    """What one split has."""

    questions: int
    annotated: int
    images: int


def write_layout(root: Path, records: Iterable[Imported]) -> dict[str, Written]:
    """Write questions, annotations and images of every split, and ``ids.parquet``.

    That table has the split, question_id, image_id and the id of the source of every question. A
    split of which only some questions have answers is refused: its annotations file would be one
    that fits no questions file.

    Raises:
        BadData: so, or an image in a table is neither JPEG nor PNG.
    """
    parts: dict[str, list[tuple[Question, Annotation | None]]] = {}
    images: dict[str, dict[int, Path | bytes]] = {}
    ids = []
    for one in records:
        parts.setdefault(one.split, []).append((one.question, one.annotation))
        there = images.setdefault(one.split, {})
        if one.question.image_id not in there:
            there[one.question.image_id] = one.image
            _place(root / "images" / one.split, one.split, one.question.image_id, one.image)
        ids.append((one.split, one.question.question_id, one.question.image_id, one.source_id))
    written = {split: _write_split(root, split, both) for split, both in parts.items()}
    columns = ["split", "question_id", "image_id", "source_id"]
    write_parquet(root / IDS, pd.DataFrame(ids, columns=columns))
    return {split: Written(*counts, images=len(images[split])) for split, counts in written.items()}


def _write_split(
    root: Path, split: str, both: list[tuple[Question, Annotation | None]]
) -> tuple[int, int]:
    """How many questions, and how many of them with answers."""
    annotations = [annotation for _, annotation in both if annotation is not None]
    if annotations and len(annotations) != len(both):
        without = next(question for question, annotation in both if annotation is None)
        raise BadData(
            f"{split}: {len(both) - len(annotations)} of {len(both)} questions have no answer, the "
            f"first is {without.question!r:.80}; leave them out by --where, or give a split its own"
        )
    questions = [question for question, _ in both]
    write_questions(root / questions_name(split), questions, data_subtype=split)
    if annotations:
        write_annotations(root / annotations_name(split), annotations, data_subtype=split)
    return len(both), len(annotations)


def _place(folder: Path, split: str, image_id: int, image: Path | bytes) -> None:
    """A link to the file; bytes that are in the table alone become one."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(image, bytes):
        path = folder / image_name(split, image_id)
        with reading(path, "a JPEG or PNG in the table", "mend the table"):
            kind = Image.open(io.BytesIO(image)).format or ""
        if kind not in ENDINGS:
            raise BadData(f"{path}: is {kind} in the table; convert the images to JPEG or PNG")
        with atomic_path(path.with_suffix(ENDINGS[kind])) as partial:
            partial.write_bytes(image)
        return
    suffix = image.suffix if image.suffix.lower() in (".jpg", ".jpeg", ".png") else ".jpg"
    link = folder / image_name(split, image_id, suffix)
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(image, folder.resolve()))
