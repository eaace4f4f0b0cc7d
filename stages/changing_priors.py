"""Stage ``changing_priors``: a split whose answer priors change from train to test (VQA-CP)."""

import hashlib
from pathlib import Path
from typing import Any

from project.params import Params, named
from project.workspace import Workspace
from vqax.data.make_cp import KIND, make_cp
from vqax.data.prior_shift import PriorChange, prior_change, prior_shift
from vqax.data.split import read_split
from vqax.data.vqa_cp import PARTS, CpFolder, open_folder, refuse_shared_questions
from vqax.files import write_json, write_parquet
from vqax.locks import locked
from vqax.ownership import remove_made

OFFICIAL_SPLITS = ("train2014", "val2014")
HUMAN_FILES = ("vqa_hat/**/*", "vqa_x/**/*", "annotations/*")
OF_TYPES = "question types"
SEED = 0
"""Of the random division that the measured priors are compared with."""


def run(params: Params, workspace: Workspace, name: str) -> dict[str, Any]:
    """Write data/cp/``name``: the VQA-CP files, prior_shift.parquet and what they were made from.

    source.json changes with human maps and objects of the source, which are read from there.

    Raises:
        BadData: as ``make_cp``; or something stands there that was not made here, or another
            process makes it.
    """
    where = "params.yaml: changing_priors"
    spec = named(params.changing_priors, name, "changing-prior data set", where)
    source, out = workspace.root / spec.root, workspace.changing_priors(name)
    options = spec.model_dump(exclude={"root"})
    with locked(workspace.lock(KIND, name)):
        remove_made(out, KIND, below=workspace.data)
        made = make_cp(source, out, **options)
    origin = {**spec.model_dump(mode="json"), "of_people": _digest(source)}
    write_json(out / "source.json", origin, indent=2)
    train, test = (read_split(*_paths(out, part)).examples for part in PARTS)
    write_parquet(out / "prior_shift.parquet", prior_shift(train, test))
    return {"data set": str(out), **summary(made.change), "skipped": len(made.skipped)}


def summary(change: PriorChange) -> dict[str, Any]:
    """The numbers that stand in the stage's output."""
    return {
        "questions": {"train": change.train_questions, "test": change.test_questions},
        "total variation": {
            "measured": change.total_variation,
            "by chance": change.chance_variation,
        },
        "test answers known to train": change.answer_coverage,
        "accuracy of the prior": {
            "train": change.prior_accuracy_train,
            "test": change.prior_accuracy_test,
        },
    }


def make(source: Path, out: Path, *, splits: tuple[str, ...], **options: Any) -> dict[str, Any]:
    """The same for any folder, without params.yaml; ``options`` of ``vqax.data.make_cp.make_cp``.

    Raises:
        MissingArtefact, BadData: as ``make_cp``.
    """
    made = make_cp(source, out, splits=splits or OFFICIAL_SPLITS, **options)
    return {"data set": str(out), **summary(made.change), "skipped": len(made.skipped)}


def priors(root: Path, train_split: str | None, test_split: str | None) -> dict[str, Any]:
    """What ``vqax data priors`` says: means, and both parts of each question type.

    Raises:
        MissingArtefact: one of the splits is not there.
        BadData: a file is cut, or a question is in both splits.
    """
    official = PARTS if isinstance(open_folder(root, PARTS[0]), CpFolder) else OFFICIAL_SPLITS
    paths = _paths(root, train_split or official[0]), _paths(root, test_split or official[1])
    train, test = (read_split(*both).examples for both in paths)
    refuse_shared_questions(train, test, str(paths[0][0]), str(paths[1][0]))
    shift = prior_shift(train, test)
    return {
        **summary(prior_change(train, test, SEED)),
        OF_TYPES: {str(row.question_type): _of_type(row) for row in shift.itertuples()},
    }


def _of_type(row: Any) -> dict[str, Any]:
    """Questions of a type in each part, their most frequent answer, and its share."""
    keys = ("questions", "answer", "share")
    train = (row.train_questions, row.train_answer, row.train_share)
    test = (row.test_questions, row.test_answer, row.test_share)
    return {
        "train": dict(zip(keys, train, strict=True)),
        "test": dict(zip(keys, test, strict=True)),
        "total variation": row.total_variation,
    }


def priors_in_words(values: dict[str, Any]) -> dict[str, Any]:
    """``priors`` for a person: a line for each question type."""
    means = {key: value for key, value in values.items() if key != OF_TYPES}
    return {**means, **{kind: _line(one) for kind, one in values[OF_TYPES].items()}}


def _line(of_type: dict[str, Any]) -> str:
    said = [
        f"{part} {side['questions']} ({side['answer']} {side['share']:.2f})"
        if side["questions"]
        else f"{part} none"
        for part, side in of_type.items()
        if part in PARTS
    ]
    return f"{', '.join(said)}, total variation {of_type['total variation']:.3f}"


def _paths(root: Path, split: str) -> tuple[Path, Path]:
    folder = open_folder(root, split)
    return folder.questions_path, folder.annotations_path


def _digest(source: Path) -> str:
    digest = hashlib.sha256()
    for pattern in HUMAN_FILES:
        for path in sorted(source.glob(pattern)):
            if path.is_file():
                digest.update(str(path.relative_to(source)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
