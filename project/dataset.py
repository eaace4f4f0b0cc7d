"""A prepared data set: its parts, vocabularies and official files."""

from typing import NamedTuple

from project.params import Params, named
from project.schema import Dataset
from project.workspace import Workspace
from vqax.accuracy_rules import Mode
from vqax.data import Example, VqaFolder
from vqax.data.vqa_cp import open_folder
from vqax.files import read_parquet
from vqax.text.answers import AnswerVocabulary
from vqax.text.tokens import QuestionVocabulary

BOX = ("x1", "y1", "x2", "y2")


class Prepared(NamedTuple):
    """A data set as the later stages see it."""

    train: list[Example]
    validation: list[Example]
    test: list[Example]
    train_folder: VqaFolder
    test_folder: VqaFolder
    questions: QuestionVocabulary
    answers: AnswerVocabulary
    accuracy: Mode
    """The rule its answers are scored by."""


def folders(spec: Dataset, workspace: Workspace) -> tuple[VqaFolder, VqaFolder]:
    """The official folders that hold the train and the test images (maybe the same)."""
    root = workspace.root / spec.root
    images = None if spec.images is None else workspace.root / spec.images
    train = open_folder(root, spec.train, images)
    return train, train if spec.test is None else open_folder(root, spec.test, images)


def load_prepared(params: Params, workspace: Workspace, name: str) -> Prepared:
    """Read back what ``run`` left, and the official files it speaks of."""
    spec = named(params.datasets, name, "data set", "params.yaml: datasets")
    source = workspace.dataset(name)
    part_of = read_parquet(source / "parts.parquet").set_index("question_id")["part"].to_dict()
    train_folder, test_folder = folders(spec, workspace)
    number = spec.answers_per_question
    examples = list(train_folder.read(answers=number).examples)
    if spec.test is not None:
        examples += test_folder.read(answers=number).examples
    parts: dict[str, list[Example]] = {"train": [], "validation": [], "test": []}
    for example in examples:
        if example.question_id in part_of:
            parts[part_of[example.question_id]].append(example)
    return Prepared(
        **parts,
        train_folder=train_folder,
        test_folder=test_folder,
        questions=QuestionVocabulary.from_json(source / "question_vocabulary.json"),
        answers=AnswerVocabulary.from_json(source / "answer_vocabulary.json"),
        accuracy=spec.accuracy,
    )
