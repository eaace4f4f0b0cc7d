"""Stage ``prepare``: check a data set, divide its images, build vocabularies from train."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from project.dataset import (
    BOX,
    HUMAN_MAPS,
    IMAGES,
    TRAINING_DATA,
    TrainingData,
    write_files,
)
from project.human_maps import human_maps, write_explanation_maps, write_human_maps
from project.params import Params, named
from project.resolve import folders
from project.schema import Dataset
from project.workspace import Workspace
from vqax.accuracy_rules import Mode
from vqax.data import Example, Skipped, VqaFolder
from vqax.data.example_file import write_examples
from vqax.data.image_files import image_files_of, merge_image_files
from vqax.data.parts import hold_out
from vqax.data.relevant_objects import RelevantObject, read_relevant_objects
from vqax.data.vqa_cp import refuse_shared_questions
from vqax.errors import BadData, shown
from vqax.files import write_json, write_parquet
from vqax.metrics.accuracy import cannot_be_matched
from vqax.text.answers import AnswerVocabulary, normalise_answer
from vqax.text.tokens import QuestionVocabulary

SHARED = "images in train and test"
UNMATCHABLE = "questions no answer can match"


def run(params: Params, workspace: Workspace, name: str) -> dict[str, Any]:
    """Write parts, relevant objects, skipped records, vocabularies and a card of ``name``."""
    spec = named(params.datasets, name, "data set", "params.yaml: datasets")
    out = workspace.dataset(name)
    parts, skipped = _divide(spec, workspace, params.seed)
    if not parts["train"] or not parts["test"]:
        raise BadData(
            f"{spec.root}: {len(parts['train'])} train and {len(parts['test'])} test questions are "
            "left after the checks; see `vqax data verify` for what is wrong with the others"
        )
    questions = QuestionVocabulary.from_questions(
        [example.question for example in parts["train"]], min_count=params.text.min_word_count
    )
    often_enough = spec.min_answer_count or params.text.min_answer_count
    answers = AnswerVocabulary.from_examples(parts["train"], min_count=often_enough)
    train_folder, test_folder = folders(spec, workspace)
    skipped += write_human_maps(out / "human_maps.h5", test_folder, parts["test"])
    skipped += write_explanation_maps(out / "explanation_maps.h5", test_folder, parts["test"])
    skipped += _write_relevant(out / "relevant_objects.parquet", (train_folder, test_folder), parts)
    for part, examples in parts.items():
        write_examples(out / f"{part}.parquet", examples)
    _write_images(out / IMAGES, (train_folder, test_folder), parts, workspace.root)
    of_test = {example.question_id for example in parts["test"]}
    files = {one: paths for one, paths in human_maps(test_folder).items() if one in of_test}
    write_files(out / HUMAN_MAPS, "question_id", files, workspace.root)
    write_parquet(out / "skipped.parquet", pd.DataFrame(skipped, columns=Skipped._fields))
    questions.to_json(out / "question_vocabulary.json")
    answers.to_json(out / "answer_vocabulary.json")
    write_json(out / TRAINING_DATA, _training_data(questions, answers, parts["train"])._asdict())
    card = {
        "root": str(spec.root),
        "questions": {part: len(examples) for part, examples in parts.items()},
        "images": {part: len({e.image_id for e in found}) for part, found in parts.items()},
        SHARED: len(shared_images(parts)),
        "accuracy": spec.accuracy,
        **_unmatchable(parts, spec.accuracy),
        "skipped": len(skipped),
        "words": len(questions.words),
        "answers": len(answers.answers),
    }
    write_json(out / "card.json", card, indent=2)
    return card


def shared_images(parts: dict[str, list[Example]]) -> set[int]:
    """The image_ids that questions of test and of train (or validation) are about."""
    learned = {example.image_id for part in ("train", "validation") for example in parts[part]}
    return learned & {example.image_id for example in parts["test"]}


def _unmatchable(parts: dict[str, list[Example]], rule: Mode) -> dict[str, Any]:
    """How many questions no prediction can score on, and what to do; nothing where there are none.

    A model answers with normalised texts.
    """
    lost = {
        part: [one for one in examples if cannot_be_matched(one.answers, rule)]
        for part, examples in parts.items()
    }
    first = next((one for part in lost.values() for one in part), None)
    if first is None:
        return {}
    return {
        UNMATCHABLE: {part: len(examples) for part, examples in lost.items()},
        "the first of them": f"question_id {first.question_id}: all people say "
        f"{shown(first.answers[0])}, a model says {shown(normalise_answer(first.answers[0]))}, and "
        f"accuracy `{rule}` compares unanimous answers letter by letter; set `accuracy: always` "
        "for the data set, or normalise its answers",
    }


def _divide(
    spec: Dataset, workspace: Workspace, seed: int
) -> tuple[dict[str, list[Example]], list[Skipped]]:
    train_folder, test_folder = folders(spec, workspace)
    train, skipped = train_folder.read(answers=spec.answers_per_question)
    held_test = hold_out((e.image_id for e in train), spec.test_share, seed)
    if spec.test is None:
        test = [example for example in train if example.image_id in held_test]
    else:
        test, more = test_folder.read(answers=spec.answers_per_question)
        skipped = [*skipped, *more]
        names = (str(folder.questions_path) for folder in (train_folder, test_folder))
        refuse_shared_questions(train, test, *names)
        shared = {e.image_id for e in train} & {e.image_id for e in test}
        files = (image_files_of(folder, shared) for folder in (train_folder, test_folder))
        merge_image_files(*files)
        held_test = frozenset()
    left = [example for example in train if example.image_id not in held_test]
    held = hold_out((e.image_id for e in left), spec.validation_share, seed)
    parts = {
        "train": [example for example in left if example.image_id not in held],
        "validation": [example for example in left if example.image_id in held],
        "test": test,
    }
    return parts, list(skipped)


def _write_relevant(
    path: Path, both: tuple[VqaFolder, VqaFolder], parts: dict[str, list[Example]]
) -> list[Skipped]:
    """The objects that questions need, a row per object; none where nobody says so."""
    examples = [example for found in parts.values() for example in found]
    image_of = {example.question_id: example.image_id for example in examples}
    skipped: list[Skipped] = []
    relevant: dict[int, list[RelevantObject]] = {}
    for folder in dict.fromkeys(one for given in both for one in given.image_folders):
        relevant |= read_relevant_objects(folder, examples, skipped)
    rows = [
        (question_id, image_of[question_id], *one.box_px, one.category)
        for question_id, objects in relevant.items()
        for one in objects
    ]
    types = {"question_id": np.int64, "image_id": np.int64, **dict.fromkeys(BOX, np.float64)}
    table = pd.DataFrame(rows, columns=[*types, "category"]).astype({**types, "category": str})
    write_parquet(path, table)
    return skipped


def _write_images(
    path: Path, both: tuple[VqaFolder, VqaFolder], parts: dict[str, list[Example]], root: Path
) -> None:
    """Where each image lies that a question is about."""
    files: dict[int, Path] = {}
    for part, examples in parts.items():
        folder = both[1] if part == "test" else both[0]
        merge_image_files(files, image_files_of(folder, (one.image_id for one in examples)))
    write_files(path, "image_id", {one: [file] for one, file in files.items()}, root)


def _training_data(
    questions: QuestionVocabulary, answers: AnswerVocabulary, train: list[Example]
) -> TrainingData:
    """What weights are compared by: other data give another hash."""
    state = hashlib.sha256()
    for part in (questions.words, answers.answers, train):
        for item in part:
            state.update(repr(item).encode())
    return TrainingData(len(train), state.hexdigest()[:16])
