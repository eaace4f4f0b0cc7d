"""A data set folder in the layout of VQA and COCO: which file is where.

``root`` holds ``[v2_]OpenEnded_mscoco_{split}_questions.json``,
``[v2_]mscoco_{split}_annotations.json``, ``images/{split}/COCO_{split}_{id:012d}.jpg`` and, where
they exist, ``vqa_hat/{split}/``, ``annotations/instances_{split}.json`` and
``relevant_objects_{split}.json``, and for the parts of VQA-X on the split
``vqa_x/{part}_exp_anno.json`` and ``vqa_x/visual/{part}/``. Folders of VQA-CP:
``vqax.data.vqa_cp``.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

from vqax.data.checks import parse_all, parse_question
from vqax.data.json_list import read_entries
from vqax.data.records import ANSWERS, Example, Question, Questions, Skipped, Split
from vqax.data.split import read_split
from vqax.errors import MissingArtefact

Asking = TypeVar("Asking", Question, Example)

Version = Literal["v1", "v2"]
PREFIXES = ("v2_", "")
PREFIX_OF: dict[Version | None, tuple[str, ...]] = {None: PREFIXES, "v1": ("",), "v2": ("v2_",)}
"""Both versions may lie in one folder: without a version, v2 goes before v1."""
COMPRESSIONS = ("", ".gz")
IMAGE_SUFFIXES = (".jpg", ".png", ".jpeg", ".JPG", ".PNG", ".JPEG")
IMAGES_OF = {"test-dev2015": "test2015"}
"""Splits whose images bear the name of another: test-dev2015 is a part of test2015."""
VQA_X_PARTS = {"train2014": ("train",), "val2014": ("val", "test")}
"""VQA-X has its own val and test, both on questions of VQA's val2014."""


def questions_name(split: str, prefix: str = "") -> str:
    """The official name of a questions file; ``prefix`` is ``v2_`` for VQA v2."""
    return f"{prefix}OpenEnded_mscoco_{split}_questions.json"


def annotations_name(split: str, prefix: str = "") -> str:
    """The official name of an annotations file; ``prefix`` is ``v2_`` for VQA v2."""
    return f"{prefix}mscoco_{split}_annotations.json"


def explanations_name(part: str) -> str:
    """The official name of the VQA-X sentences of a part: train, val or test."""
    return f"{part}_exp_anno.json"


def image_name(split: str, image_id: int, suffix: str = ".jpg") -> str:
    """The COCO name of an image: twelve digits."""
    return f"COCO_{split}_{image_id:012d}{suffix}"


@dataclass(frozen=True)
class VqaFolder:
    """One split, such as ``train2014``, of the data set under ``root``.

    ``images`` is another folder in which images and COCO's annotations lie; None: ``root``.
    """

    root: Path
    split: str
    images: Path | None = None
    version: Version | None = None

    @property
    def questions_path(self) -> Path:
        """The questions file; v2 before v1 where both are there.

        Raises:
            MissingArtefact: the folder has none for this split.
        """
        names = [questions_name(self.split, prefix) for prefix in PREFIX_OF[self.version]]
        return self._first("questions", names)

    @property
    def annotations_path(self) -> Path:
        """The annotations file of the same version as the questions file.

        Raises:
            MissingArtefact: the folder has none for this split.
        """
        prefix = "v2_" if self.questions_path.name.startswith("v2_") else ""
        return self._first("annotations", [annotations_name(self.split, prefix)])

    @property
    def human_maps_dirs(self) -> tuple[Path, ...]:
        """The folders of VQA-HAT maps; none or one."""
        folder = self.root / "vqa_hat" / self.split
        return (folder,) if folder.is_dir() else ()

    @property
    def explanation_paths(self) -> tuple[Path, ...]:
        """The files of VQA-X sentences on this split; none, one, or two (val and test)."""
        names = [explanations_name(part) for part in VQA_X_PARTS.get(self.split, ())]
        paths = [self.root / "vqa_x" / f"{name}{end}" for name in names for end in COMPRESSIONS]
        return tuple(path for path in paths if path.is_file())

    @property
    def explanation_maps_dirs(self) -> tuple[Path, ...]:
        """The folders of VQA-X maps on this split; none, one, or two (val and test)."""
        visual = self.root / "vqa_x" / "visual"
        folders = (visual / part for part in VQA_X_PARTS.get(self.split, ()))
        return tuple(folder for folder in folders if folder.is_dir())

    @property
    def instances_path(self) -> Path | None:
        """The COCO instances file, or None."""
        name = Path("annotations") / f"instances_{self.split}.json"
        paths = (root / name for root in (self.root, self.images or self.root))
        return next((path for path in paths if path.is_file()), None)

    @property
    def relevant_objects_path(self) -> Path | None:
        """The file of the objects that each question needs, or None."""
        path = self.root / "annotations" / f"relevant_objects_{self.split}.json"
        return path if path.is_file() else None

    @property
    def image_folders(self) -> tuple["VqaFolder", ...]:
        """The folders that hold the images and what belongs to them: this one itself."""
        return (self,)

    @cached_property
    def _images_dir(self) -> Path:
        split = IMAGES_OF.get(self.split, self.split)
        root = self.images or self.root
        folders = (root / "images" / split, root / split)
        return next((folder for folder in folders if folder.is_dir()), folders[0])

    def place_of(self, image_id: int) -> Path:
        """Where the image with this COCO id is, or would be."""
        return self._image(image_id) or self._expected(image_id)

    def image_path(self, image_id: int) -> Path:
        """The image with this COCO id.

        Raises:
            MissingArtefact: there is none under any of the names in use.
        """
        path = self._image(image_id)
        if path is None:
            raise MissingArtefact(
                f"{self._expected(image_id)}: no such image; put image_id {image_id} there",
                output=self._expected(image_id),
            )
        return path

    def read(self, *, strict: bool = False, answers: int | None = ANSWERS) -> Split:
        """Join questions and annotations; records without their image are listed as skipped.

        Each question has ``answers`` of them; None: one or more.

        Raises:
            MissingArtefact: no questions or annotations file; with ``strict`` also no image.
            BadData: as ``read_split``.
        """
        both = self.questions_path, self.annotations_path
        split = read_split(*both, strict=strict, answers=answers)
        if strict:
            for image_id in dict.fromkeys(example.image_id for example in split.examples):
                self.image_path(image_id)
        kept, lost = self._with_images(split.examples)
        return Split(kept, split.skipped + lost)

    def read_questions(self) -> Questions:
        """The questions alone, which is all of a split whose answers are secret.

        Raises:
            MissingArtefact: no questions file.
            BadData: it is cut.
        """
        path, skipped = self.questions_path, list[Skipped]()
        entries = read_entries(path, "questions")
        read, _ = parse_all(entries, parse_question, str(path), skipped.append)
        kept, lost = self._with_images(list(read.values()))
        return Questions(kept, skipped + lost)

    def _with_images(self, records: list[Asking]) -> tuple[list[Asking], list[Skipped]]:
        """The records whose image is there, and what is wrong with the others."""
        ids = dict.fromkeys(record.image_id for record in records)
        present = {image_id for image_id in ids if self._image(image_id)}
        kept = [record for record in records if record.image_id in present]
        lost = [self._without_image(one) for one in records if one.image_id not in present]
        return kept, lost

    def _expected(self, image_id: int) -> Path:
        return self._images_dir / self._name(image_id)

    def _name(self, image_id: int, suffix: str = ".jpg") -> str:
        return image_name(IMAGES_OF.get(self.split, self.split), image_id, suffix)

    def _image(self, image_id: int) -> Path | None:
        names = (self._name(image_id, suffix) for suffix in IMAGE_SUFFIXES)
        paths = (self._images_dir / name for name in names)
        return next((path for path in paths if path.is_file()), None)

    def _without_image(self, record: Question | Example) -> Skipped:
        return Skipped(
            str(self._expected(record.image_id)),
            f"question_id {record.question_id}",
            f"has no image with image_id {record.image_id}; put it there",
        )

    def _first(self, kind: str, names: list[str]) -> Path:
        candidates = [self.root / f"{name}{end}" for name in names for end in COMPRESSIONS]
        for path in candidates:
            if path.is_file():
                return path
        raise MissingArtefact(
            f"{self.root}: no {kind} file for split {self.split!r}; "
            f"put {' or '.join(names)} there or name another split",
            output=self.root,
        )
