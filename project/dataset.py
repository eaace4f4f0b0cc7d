"""A prepared data set: its questions, vocabularies, images and human maps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from project.params import Params, named
from project.schema import Dataset
from project.workspace import Workspace
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
    """What the stage ``prepare`` left in ``folder``; each part is read when it is first used.

    Raises:
        MissingArtefact: when a part is used that is not there.
        BadData: when one is damaged.
    """

    folder: Path
    root: Path
    """The workspace, which the names of files in the tables begin at."""
    test_folder: VqaFolder
    accuracy: Mode
    """The rule its answers are scored by."""

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
        return read_examples(self.folder / f"{name}.parquet")

    @cached_property
    def training_data(self) -> TrainingData:
        return TrainingData(**read_json(self.folder / TRAINING_DATA))

    @cached_property
    def questions(self) -> QuestionVocabulary:
        return QuestionVocabulary.from_json(self.folder / "question_vocabulary.json")

    @cached_property
    def answers(self) -> AnswerVocabulary:
        return AnswerVocabulary.from_json(self.folder / "answer_vocabulary.json")

    def image_path(self, image_id: int) -> Path:
        """The image with this id.

        Raises:
            MissingArtefact: no question is about it, or its file is no longer there.
        """
        path = self._images.get(image_id)
        if path is None or not path.is_file():
            place = path or self.folder / IMAGES
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
        table = read_parquet(self.folder / name)
        pairs = zip(table[key].tolist(), table["file"], strict=True)
        return [(number, self.root / file) for number, file in pairs]


def write_files(path: Path, key: str, files: Mapping[int, Sequence[Path]], root: Path) -> None:
    """A table of ``key`` and file, a row each; a file below ``root`` is named from there on."""
    rows = [
        (number, (one.relative_to(root) if one.is_relative_to(root) else one.absolute()).as_posix())
        for number, paths in files.items()
        for one in paths
    ]
    types: dict[str, Any] = {key: np.int64, "file": str}
    write_parquet(path, pd.DataFrame(rows, columns=list(types)).astype(types))


def folders(spec: Dataset, workspace: Workspace) -> tuple[VqaFolder, VqaFolder]:
    """The official folders that hold the train and the test images (maybe the same)."""
    root = workspace.root / spec.root
    images = None if spec.images is None else workspace.root / spec.images
    train = open_folder(root, spec.train, images)
    return train, train if spec.test is None else open_folder(root, spec.test, images)


def load_prepared(params: Params, workspace: Workspace, name: str) -> Prepared:
    """Data set ``name`` as ``vqax data prepare`` left it.

    Raises:
        UsageError: params.yaml has no such data set.
        MissingArtefact: it was not prepared yet.
    """
    spec = named(params.datasets, name, "data set", "params.yaml: datasets")
    first = workspace.dataset(name) / f"{PARTS[0]}.parquet"
    if not first.is_file():
        raise MissingArtefact(f"{first}: {ABSENT}", output=first)
    return Prepared(
        folder=workspace.dataset(name),
        root=workspace.root,
        test_folder=folders(spec, workspace)[1],
        accuracy=spec.accuracy,
    )
