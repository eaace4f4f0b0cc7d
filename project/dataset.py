"""A prepared data set: its questions, vocabularies, images and human maps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from project.plan import DataPlan
from vqax.accuracy_rules import Mode
from vqax.data import Example, VqaFolder
from vqax.data.example_file import read_examples
from vqax.data.vqa_cp import open_folder
from vqax.errors import MissingArtefact
from vqax.files import ABSENT, read_json, read_parquet, write_parquet
from vqax.text.answers import AnswerVocabulary
from vqax.text.tokens import QuestionVocabulary

PARTS = ("train", "validation", "test")
BOX = ("x1", "y1", "x2", "y2")
IMAGES, HUMAN_MAPS = "images.parquet", "human_map_files.parquet"
TRAINING_DATA = "training_data.json"


class TrainingData(NamedTuple):
    """How many questions train has, and a hash of everything a training sees besides features."""

    questions: int
    hash: str


@dataclass(frozen=True)
class Prepared:
    """What the stage ``prepare`` left of a data set; each part is read when it is first used.

    Raises:
        MissingArtefact: when a part is used that is not there.
        BadData: when one is damaged.
    """

    plan: DataPlan

    @property
    def accuracy(self) -> Mode:
        """The rule its answers are scored by."""
        return self.plan.accuracy

    @cached_property
    def test_folder(self) -> VqaFolder:
        """The official folder of the test part, for what is not prepared (COCO instances)."""
        test = self.plan.test
        return open_folder(test.root, test.split, test.images, test.version)

    @cached_property
    def train(self) -> list[Example]:
        return self.part("train")

    @cached_property
    def validation(self) -> list[Example]:
        return self.part("validation")

    @cached_property
    def test(self) -> list[Example]:
        return self.part("test")

    def part(self, name: str) -> list[Example]:
        """One of ``PARTS``, read anew."""
        return read_examples(self.plan.folder / f"{name}.parquet")

    @cached_property
    def training_data(self) -> TrainingData:
        return TrainingData(**read_json(self.plan.folder / TRAINING_DATA))

    @cached_property
    def questions(self) -> QuestionVocabulary:
        return QuestionVocabulary.from_json(self.plan.folder / "question_vocabulary.json")

    @cached_property
    def answers(self) -> AnswerVocabulary:
        return AnswerVocabulary.from_json(self.plan.folder / "answer_vocabulary.json")

    def image_path(self, image_id: int) -> Path:
        """The image with this id.

        Raises:
            MissingArtefact: no question is about it, or its file is no longer there.
        """
        path = self._images.get(image_id)
        if path is None or not path.is_file():
            place = path or self.plan.folder / IMAGES
            raise MissingArtefact(f"{place}: no such image; put image_id {image_id} there")
        return path

    @cached_property
    def human_map_files(self) -> dict[int, list[Path]]:
        """The files of the human maps of each test question that has some."""
        files: dict[int, list[Path]] = {}
        for question_id, path in self._files(HUMAN_MAPS, "question_id"):
            files.setdefault(question_id, []).append(path)
        return files

    @cached_property
    def _images(self) -> dict[int, Path]:
        return dict(self._files(IMAGES, "image_id"))

    def _files(self, name: str, key: str) -> list[tuple[int, Path]]:
        table = read_parquet(self.plan.folder / name)
        pairs = zip(table[key].tolist(), table["file"], strict=True)
        return [(number, self.plan.base / file) for number, file in pairs]


def write_files(path: Path, key: str, files: Mapping[int, Sequence[Path]], root: Path) -> None:
    """A table of ``key`` and file, a row each; a file below ``root`` is named from there on."""
    rows = [
        (number, (one.relative_to(root) if one.is_relative_to(root) else one.absolute()).as_posix())
        for number, paths in files.items()
        for one in paths
    ]
    types: dict[str, Any] = {key: np.int64, "file": str}
    write_parquet(path, pd.DataFrame(rows, columns=list(types)).astype(types))


def load_prepared(plan: DataPlan) -> Prepared:
    """A data set as ``vqax data prepare`` left it; raises MissingArtefact where it did not yet."""
    first = plan.folder / f"{PARTS[0]}.parquet"
    if not first.is_file():
        raise MissingArtefact(f"{first}: {ABSENT}", output=first)
    return Prepared(plan)
