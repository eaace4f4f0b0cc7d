"""VQA-CP, the splits whose answer priors change: their files in and out, and their folders.

Agrawal et al., Don't Just Assume; Look and Answer (2018). ``vqacp_v{1,2}_{train,test}_questions``
and ``_annotations.json`` are bare lists of VQA's own entries, each with ``coco_split`` (train2014
or val2014), since both parts mix images of both. The images, and human maps and objects with
them, stay in the folder of the data set that the split was made from.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vqax.data.checks import AGAIN, RecordError, entry_name, field
from vqax.data.folder import COMPRESSIONS, PREFIX_OF, Version, VqaFolder, questions_name
from vqax.data.json_list import read_entries, write_any_json
from vqax.data.records import ANSWERS, Annotation, Example, Question, Skipped, Split
from vqax.data.vqa import annotation_entry, question_entry
from vqax.errors import BadData

PARTS = ("train", "test")
VERSIONS: tuple[Version, ...] = ("v2", "v1")


def cp_name(version: str, part: str, kind: str) -> str:
    """The published name; ``version`` v1 or v2, ``kind`` questions or annotations."""
    return f"vqacp_{version}_{part}_{kind}.json"


def open_folder(
    root: Path, split: str, images: Path | None = None, version: Version | None = None
) -> VqaFolder:
    """The folder of one split, as of VQA or, where such files are there, of VQA-CP.

    ``images`` is the folder of the images, by default the same; ``version`` says which questions
    are meant where a folder has those of v1 and v2.
    """
    names = [cp_name(one, split, "questions") for one in _versions(version)]
    official = [questions_name(split, prefix) for prefix in PREFIX_OF[version]]
    elsewhere = images is not None and images.resolve() != root.resolve()
    if _holds(root, names) or (split in PARTS and elsewhere and not _holds(root, official)):
        return CpFolder(root, split, images or root, version)
    return VqaFolder(root, split, images, version)


def _versions(version: Version | None) -> tuple[Version, ...]:
    return VERSIONS if version is None else (version,)


def _holds(root: Path, names: Iterable[str]) -> bool:
    return any((root / f"{name}{end}").is_file() for name in names for end in COMPRESSIONS)


@dataclass(frozen=True)
class CpFolder(VqaFolder):
    """One part, ``train`` or ``test``, of the VQA-CP files under ``root``."""

    images: Path  # never None here

    @property
    def questions_path(self) -> Path:
        """The questions file; v2 before v1 where both are there."""
        return self._first(
            "questions", [cp_name(v, self.split, "questions") for v in _versions(self.version)]
        )

    @property
    def annotations_path(self) -> Path:
        """The annotations file of the same version as the questions file."""
        version = self.questions_path.name.split("_")[1]
        return self._first("annotations", [cp_name(version, self.split, "annotations")])

    @property
    def human_maps_dirs(self) -> tuple[Path, ...]:
        """The folders of VQA-HAT maps of both COCO splits."""
        return tuple(path for one in self.image_folders for path in one.human_maps_dirs)

    @property
    def explanation_paths(self) -> tuple[Path, ...]:
        """The files of VQA-X sentences of both COCO splits."""
        return tuple(path for one in self.image_folders for path in one.explanation_paths)

    @property
    def explanation_maps_dirs(self) -> tuple[Path, ...]:
        """The folders of VQA-X maps of both COCO splits."""
        return tuple(path for one in self.image_folders for path in one.explanation_maps_dirs)

    @cached_property
    def image_folders(self) -> tuple[VqaFolder, ...]:
        """A folder for each COCO split that occurs."""
        splits = sorted(set(self._coco_splits[0].values()))
        return tuple(VqaFolder(self.images, split) for split in splits)

    def read(self, *, strict: bool = False, answers: int | None = ANSWERS) -> Split:
        """As of VQA; an entry without a usable ``coco_split`` is listed as skipped.

        Raises:
            MissingArtefact: as of VQA.
            BadData: as of VQA, or no entry, with ``strict`` a single one, has a ``coco_split``.
        """
        lost = self._coco_splits[1]
        if strict and lost:
            raise BadData(f"{lost[0].file}: {lost[0].entry} {lost[0].reason}")
        split = super().read(strict=strict, answers=answers)
        reported = {item.entry for item in lost}
        kept = [e for e in split.examples if f"question_id {e.question_id}" not in reported]
        return Split(kept, [*lost, *(item for item in split.skipped if item.entry not in reported)])

    @cached_property
    def _coco_splits(self) -> tuple[dict[int, str], list[Skipped]]:
        """The COCO split of every image, and the entries that do not say it."""
        path = self.questions_path
        entries = read_entries(path, "questions")
        found: dict[int, str] = {}
        lost: list[Skipped] = []
        for position, raw in enumerate(entries):
            try:
                _note(found, raw)
            except RecordError as problem:
                lost.append(Skipped(str(path), entry_name(raw, position), str(problem)))
        if entries and not found:
            raise BadData(
                f"{path}: {lost[0].entry} {lost[0].reason} (as all {len(entries)} entries); "
                "give a VQA-CP file, whose entries say where their image is"
            )
        return found, lost

    def _folder_of(self, image_id: int) -> VqaFolder | None:
        split = self._coco_splits[0].get(image_id)
        return next((one for one in self.image_folders if one.split == split), None)

    def _expected(self, image_id: int) -> Path:
        folder = self._folder_of(image_id)
        return self.images if folder is None else folder._expected(image_id)

    def _image(self, image_id: int) -> Path | None:
        folder = self._folder_of(image_id)
        return None if folder is None else folder._image(image_id)


def _note(found: dict[int, str], raw: Any) -> None:
    image_id, split = field(raw, "image_id", int), field(raw, "coco_split", str)
    if found.setdefault(image_id, split) != split:
        raise RecordError(
            f"has coco_split {split!r}, but another question on image_id {image_id} has "
            f"{found[image_id]!r}; {AGAIN}"
        )


def write_cp_part(
    root: Path,
    part: str,
    entries: Iterable[tuple[Question, Annotation, str]],
    *,
    version: str,
) -> None:
    """Write the two files of a part: questions, their annotations, and their COCO splits."""
    listed = list(entries)
    questions = [question_entry(q) | {"coco_split": split} for q, _, split in listed]
    write_any_json(root / cp_name(version, part, "questions"), questions)
    annotations = [annotation_entry(a) | {"coco_split": split} for _, a, split in listed]
    write_any_json(root / cp_name(version, part, "annotations"), annotations)


def refuse_shared_questions(
    train: Iterable[Example], test: Iterable[Example], train_name: str, test_name: str
) -> None:
    """Both parts may ask about one image, but no question may be in both.

    Raises:
        BadData: some are; with how many and the first of them.
    """
    known = {example.question_id for example in train}
    shared = sorted(example.question_id for example in test if example.question_id in known)
    if shared:
        raise BadData(
            f"{test_name}: {len(shared)} of its questions are also in {train_name}, the first is "
            f"question_id {shared[0]}; delete them from one of the two or give the official files"
        )
