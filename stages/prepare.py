"""Stage ``prepare``: check a data set, divide its pictures, build vocabularies from train."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from stages.params import Params, named
from stages.people import write_explanation_maps, write_human_maps
from stages.sections import Dataset
from stages.workspace import Workspace
from vqax.accuracy_rules import Mode
from vqax.data import Example, Skipped, VqaFolder
from vqax.data.image_files import image_files_of, merge_image_files
from vqax.data.needed import NeededObject, read_needed_objects
from vqax.data.parts import hold_out
from vqax.data.vqa_cp import open_folder, refuse_shared_questions
from vqax.errors import BadData, shown
from vqax.files import read_parquet, write_json, write_parquet
from vqax.metrics.accuracy import cannot_be_matched
from vqax.text.answers import AnswerVocabulary, normalise_answer
from vqax.text.tokens import QuestionVocabulary

BOX = ("x1", "y1", "x2", "y2")
SHARED = "pictures in train and test"
UNMATCHABLE = "questions no answer can match"


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


def run(params: Params, workspace: Workspace, name: str) -> dict[str, Any]:
    """Write parts, needed objects, skipped records, vocabularies and a card of ``name``."""
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
    test_folder = folders(spec, workspace)[1]
    skipped += write_human_maps(out / "human_maps.h5", test_folder, parts["test"])
    skipped += write_explanation_maps(out / "explanation_maps.h5", test_folder, parts["test"])
    skipped += _write_needed(out / "needed.parquet", folders(spec, workspace), parts)
    write_parquet(out / "parts.parquet", _parts_table(parts))
    write_parquet(out / "skipped.parquet", pd.DataFrame(skipped, columns=Skipped._fields))
    questions.to_json(out / "question_vocabulary.json")
    answers.to_json(out / "answer_vocabulary.json")
    card = {
        "root": str(spec.root),
        "questions": {part: len(examples) for part, examples in parts.items()},
        "pictures": {part: len({e.image_id for e in found}) for part, found in parts.items()},
        SHARED: len(shared_pictures(parts)),
        "accuracy": spec.accuracy,
        **_unmatchable(parts, spec.accuracy),
        "skipped": len(skipped),
        "words": len(questions.words),
        "answers": len(answers.answers),
    }
    write_json(out / "card.json", card, indent=2)
    return card


def shared_pictures(parts: dict[str, list[Example]]) -> set[int]:
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


def _write_needed(
    path: Path, both: tuple[VqaFolder, VqaFolder], parts: dict[str, list[Example]]
) -> list[Skipped]:
    """The objects that questions need, a row per object; none where nobody says so."""
    examples = [example for found in parts.values() for example in found]
    image_of = {example.question_id: example.image_id for example in examples}
    skipped: list[Skipped] = []
    needed: dict[int, list[NeededObject]] = {}
    for folder in dict.fromkeys(one for given in both for one in given.picture_folders):
        needed |= read_needed_objects(folder, examples, skipped)
    rows = [
        (question_id, image_of[question_id], *one.box_px, one.category)
        for question_id, objects in needed.items()
        for one in objects
    ]
    types = {"question_id": np.int64, "image_id": np.int64, **dict.fromkeys(BOX, np.float64)}
    table = pd.DataFrame(rows, columns=[*types, "category"]).astype({**types, "category": str})
    write_parquet(path, table)
    return skipped


def _parts_table(parts: dict[str, list[Example]]) -> pd.DataFrame:
    rows = [(e.question_id, e.image_id, part) for part, found in parts.items() for e in found]
    return pd.DataFrame(rows, columns=["question_id", "image_id", "part"])


def folders(spec: Dataset, workspace: Workspace) -> tuple[VqaFolder, VqaFolder]:
    """The official folders that hold the train and the test pictures (maybe the same)."""
    root = workspace.root / spec.root
    pictures = None if spec.pictures is None else workspace.root / spec.pictures
    train = open_folder(root, spec.train, pictures)
    return train, train if spec.test is None else open_folder(root, spec.test, pictures)


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
