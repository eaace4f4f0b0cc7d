"""``vqax data verify``: is a folder in the official layout whole?"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from vqax.data import Example, Question, Skipped, VqaFolder
from vqax.data.image_files import image_files_of, merge_image_files
from vqax.data.records import ANSWERS
from vqax.data.split import nothing_left
from vqax.data.vqa_cp import open_folder, refuse_shared_questions
from vqax.errors import BadData, MissingArtefact

SPLITS = ("train2014", "val2014", "train2015", "test2015")
ANNOTATED = ("train", "val")
"""Splits whose name begins so have annotations; those of the others may be secret."""
KINDS = 20
VALUE = re.compile(r"\d+|'[^']*'")


class Read(NamedTuple):
    """The usable questions of a split, joined with their annotations where it has some."""

    records: Sequence[Question | Example]
    skipped: list[Skipped]


def run(root: Path, splits: tuple[str, ...]) -> dict[str, Any]:
    """Read every split there is; count the questions and say what is wrong with the others.

    Raises:
        MissingArtefact: there is no split, not one of ``splits``, or no annotations of a split that
            has some officially.
        BadData: a split has no usable question, or two splits share ids that must differ.
    """
    folders = [open_folder(root, split) for split in splits or SPLITS]
    present = [folder for folder in folders if splits or _has_questions(folder)]
    if not present:
        raise MissingArtefact(
            f"{root}: no official questions file of {', '.join(SPLITS)}; "
            "see `vqax data list` for the files and where they come from"
        )
    read = {folder: _read(folder) for folder in present}
    _refuse_shared_ids(read)
    summary: dict[str, Any] = {}
    for folder, (records, skipped) in read.items():
        summary[folder.split] = _counts(records, skipped)
        lines = enumerate(_kinds(skipped), start=1)
        summary |= {f"{folder.split} skipped {number}": line for number, line in lines}
    return summary


def _has_questions(folder: VqaFolder) -> bool:
    try:
        return folder.questions_path.is_file()
    except MissingArtefact:
        return False


def _read(folder: VqaFolder) -> Read:
    """With as many answers a question as there are, but ten if any question has ten."""
    if not folder.split.startswith(ANNOTATED) and not _has_annotations(folder):
        read = Read(*folder.read_questions())
    else:
        split = folder.read(answers=None)
        if ANSWERS in {len(example.answers) for example in split.examples}:
            split = folder.read()
        read = Read(*split)
    if not read.records:
        raise BadData(f"{folder.questions_path}: {nothing_left('question', read.skipped)}")
    return read


def _has_annotations(folder: VqaFolder) -> bool:
    try:
        return folder.annotations_path.is_file()
    except MissingArtefact:
        return False


def _refuse_shared_ids(read: Mapping[VqaFolder, Read]) -> None:
    """Of annotated splits, which are trained and tested on together.

    An image_id is one image in all of them, and a question is in one.
    """
    files: dict[int, Path] = {}
    examples: dict[str, list[Example]] = {}
    for folder, (records, _) in read.items():
        annotated = [record for record in records if isinstance(record, Example)]
        merge_image_files(files, image_files_of(folder, (one.image_id for one in annotated)))
        examples[str(folder.questions_path)] = annotated
    for first, second in combinations(examples, 2):
        refuse_shared_questions(examples[first], examples[second], first, second)


def _counts(records: Sequence[Question | Example], skipped: Sequence[Skipped]) -> dict[str, Any]:
    counts: dict[str, Any] = {"questions": len(records)}
    numbers = {len(one.answers) for one in records if isinstance(one, Example)}
    if not numbers:
        counts["without annotations"] = len(records)
    elif numbers != {ANSWERS}:
        ends = dict.fromkeys((min(numbers), max(numbers)))
        counts["answers a question"] = " to ".join(map(str, ends))
    return counts | {"skipped": len(skipped)}


def _kinds(skipped: Sequence[Skipped]) -> list[str]:
    """A line for each of the most frequent kinds of problem: how many, and the first of them."""
    kinds = [VALUE.sub("", item.reason) for item in skipped]
    first = dict(zip(reversed(kinds), reversed(skipped), strict=True))
    lines = []
    for kind, count in Counter(kinds).most_common(KINDS):
        item = first[kind]
        counted = f"{count} such as " if count > 1 else ""
        lines.append(f"{counted}{item.file} {item.entry}: {item.reason}")
    return lines
