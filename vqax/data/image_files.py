"""The images of several splits by image_id, which must mean one image in all of them."""

import filecmp
from collections.abc import Iterable
from pathlib import Path

from vqax.data.folder import VqaFolder
from vqax.data.split import nothing_left
from vqax.errors import BadData


def image_files(folders: Iterable[VqaFolder]) -> dict[int, Path]:
    """The file of every image that a question of the splits asks about, by image_id.

    Raises:
        MissingArtefact: as ``VqaFolder.read_questions``.
        BadData: as it and ``merge_image_files``, or a split has no usable question.
    """
    files: dict[int, Path] = {}
    for folder in folders:
        questions, skipped = folder.read_questions()
        if not questions:
            raise BadData(f"{folder.questions_path}: {nothing_left('question', skipped)}")
        merge_image_files(files, image_files_of(folder, (one.image_id for one in questions)))
    return files


def image_files_of(folder: VqaFolder, image_ids: Iterable[int]) -> dict[int, Path]:
    """The files of ``image_ids``, each once.

    Raises:
        MissingArtefact: one of them is absent.
    """
    return {image_id: folder.image_path(image_id) for image_id in dict.fromkeys(image_ids)}


def merge_image_files(files: dict[int, Path], more: dict[int, Path]) -> None:
    """Add ``more`` to ``files``.

    Features, regions and maps are kept by image_id: where ids start anew in each split, half of the
    questions would be given the image of another split. A copy of the same image is no conflict.

    Raises:
        BadData: one image_id names two files that differ.
    """
    for image_id in files.keys() & more.keys():
        first, second = files[image_id], more[image_id]
        if first != second and not filecmp.cmp(first, second, shallow=False):
            raise BadData(
                f"image_id {image_id} is {first} and {second}, two different images; give the "
                "images of all splits different ids, as COCO has them"
            )
    files.update(more)
