"""The human attention maps of a data set, brought to the 14×14 grid once for all runs."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from project.maps import open_hdf5, write_hdf5
from vqax.data import Example, Skipped, VqaFolder
from vqax.data.hat import human_map_paths, read_human_map
from vqax.data.images import size_px
from vqax.data.vqa_x_maps import explanation_map_paths, read_explanation_maps
from vqax.errors import BadData
from vqax.metrics.resize import GRID, resize_area

SHAPE_TOLERANCE = 0.02
"""Of the ratio of height to width; VQA-HAT maps need not have as many pixels as the image."""


def human_maps(folder: VqaFolder) -> dict[int, list[Path]]:
    """The map files by question id; none where the data set has no human maps.

    Raises:
        BadData: two folders of it have maps of one question.
    """
    found: dict[int, list[Path]] = {}
    for maps in map(human_map_paths, folder.human_maps_dirs):
        for question_id in found.keys() & maps.keys():
            raise BadData(
                f"{maps[question_id][0]}: question_id {question_id} has maps there and in "
                f"{found[question_id][0].parent}; question ids must differ between splits, keep one"
            )
        found |= maps
    return found


def usable_map(path: Path, image: Path) -> np.ndarray:
    """One map (h,w) of ``image``.

    Raises:
        BadData: the map is cut, constant, not greyscale, or of another shape than the image.
    """
    human = read_human_map(path)
    height, width = size_px(image)
    if abs(human.shape[0] / human.shape[1] * width / height - 1) > SHAPE_TOLERANCE:
        raise BadData(
            f"{path}: is {human.shape[0]}x{human.shape[1]} px (height x width), but its image "
            f"{image.name} is {height}x{width}; fetch the map of this image or leave it out"
        )
    return human


def write_human_maps(path: Path, folder: VqaFolder, examples: Iterable[Example]) -> list[Skipped]:
    """Write ``maps`` (n,14,14) and ``question_ids`` (n,), a row per person; list what is unusable.

    A data set without human maps gives an empty file.
    """
    found = human_maps(folder)
    ids, maps, skipped = [], [], []
    for example in examples:
        for source in found.get(example.question_id, ()):
            try:
                maps.append(resize_area(usable_map(source, folder.image_path(example.image_id))))
                ids.append(example.question_id)
            except BadData as error:
                entry = f"question_id {example.question_id}"
                skipped.append(Skipped(str(source), entry, str(error)))
    write_hdf5(
        path,
        question_ids=np.array(ids, dtype=np.int64),
        maps=np.array(maps, dtype=np.float32).reshape(-1, *GRID),
    )
    return skipped


def write_explanation_maps(
    path: Path, folder: VqaFolder, examples: Iterable[Example]
) -> list[Skipped]:
    """As ``write_human_maps``, of the regions that people outlined to justify an answer (VQA-X)."""
    skipped: list[Skipped] = []
    found = explanation_map_paths(folder.explanation_maps_dirs, skipped=skipped)
    ids, maps = [], []
    for example in examples:
        source = found.get(example.question_id)
        if source is None:
            continue
        try:
            annotated = read_explanation_maps(source, skipped=skipped)
        except BadData as error:
            entry = f"question_id {example.question_id}"
            skipped.append(Skipped(str(source), entry, str(error)))
            continue
        maps += list(resize_area(annotated))
        ids += [example.question_id] * len(annotated)
    write_hdf5(
        path,
        question_ids=np.array(ids, dtype=np.int64),
        maps=np.array(maps, dtype=np.float32).reshape(-1, *GRID),
    )
    return skipped


def read_human_maps(path: Path) -> dict[int, np.ndarray]:
    """Question id -> its human maps (k,14,14)."""
    with open_hdf5(path) as file:
        ids, maps = file["question_ids"][:], file["maps"][:]
    order = np.argsort(ids, kind="stable")
    distinct, starts = np.unique(ids[order], return_index=True)
    groups = np.split(maps[order], starts[1:])
    return {int(key): group for key, group in zip(distinct, groups, strict=False)}
