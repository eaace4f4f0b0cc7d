"""A changing-prior data set, written as VQA-CP files from a folder in the layout of VQA."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from vqax.data.changing_priors import TEST_SHARE, changing_priors
from vqax.data.folder import VqaFolder
from vqax.data.prior_shift import PriorChange, prior_change, refuse_equal_priors
from vqax.data.records import Annotation, Question, Skipped
from vqax.data.split import join, read_pairs
from vqax.data.vqa_cp import write_cp_part
from vqax.errors import BadData
from vqax.ownership import made_folder

KIND = "changing_priors"


class Made(NamedTuple):
    """How far the priors of the two parts differ, and the records that were left out."""

    change: PriorChange
    skipped: list[Skipped]


def make_cp(
    source: Path,
    out: Path,
    *,
    splits: Sequence[str],
    test_share: float = TEST_SHARE,
    covering_share: float = 0.0,
    seed: int,
    coco_split: str | None = None,
) -> Made:
    """Merge ``splits`` of ``source``, divide them anew and write ``out``, whole or not at all.

    ``coco_split`` is the image folder that all entries name, by default their own split. Records
    that cannot be used are left out and listed.

    Raises:
        MissingArtefact: a split is not there.
        BadData: a question is in two splits, priors cannot change or did not
            (``changing_priors``, ``refuse_equal_priors``), or ``out`` cannot be written.
    """
    entries, skipped, version = _merged(source, splits, coco_split)
    examples = [join(question, annotation) for question, annotation, _ in entries]
    chosen = changing_priors(
        examples, test_share=test_share, covering_share=covering_share, seed=seed
    )
    train = [example for example in examples if example.question_id not in chosen]
    test = [example for example in examples if example.question_id in chosen]
    change = prior_change(train, test, seed)
    refuse_equal_priors(change, str(source))
    _write(out, entries, chosen, version)
    return Made(change, skipped)


Entry = tuple[Question, Annotation, str]


def _merged(
    source: Path, splits: Sequence[str], coco_split: str | None
) -> tuple[list[Entry], list[Skipped], str]:
    """Every usable question of the splits in the order of the ids; v1 or v2 as the files' names."""
    found: dict[int, Entry] = {}
    skipped: list[Skipped] = []
    version = "v1"
    for split in splits:
        folder = VqaFolder(source, split)
        pairs, lost = read_pairs(folder.questions_path, folder.annotations_path)
        skipped += lost
        version = "v2" if folder.questions_path.name.startswith("v2_") else version
        for question, annotation in pairs:
            if question.question_id in found:
                raise BadData(
                    f"{folder.questions_path}: question_id {question.question_id} is also in "
                    f"another of {', '.join(splits)}; name splits that share no question"
                )
            found[question.question_id] = (question, annotation, coco_split or split)
    return [found[key] for key in sorted(found)], skipped, version


def _write(out: Path, entries: Sequence[Entry], test: frozenset[int], version: str) -> None:
    train_part = [entry for entry in entries if entry[0].question_id not in test]
    test_part = [entry for entry in entries if entry[0].question_id in test]
    with made_folder(out, KIND) as partial:
        write_cp_part(partial, "train", train_part, version=version)
        write_cp_part(partial, "test", test_part, version=version)
