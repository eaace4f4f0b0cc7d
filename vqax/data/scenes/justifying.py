"""The VQA-X part of a scenes data set: sentences and regions for some validation questions."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vqax.data.folder import VQA_X_PARTS, explanations_name
from vqax.data.masks import decode_mask
from vqax.data.scenes.explanations import explain
from vqax.data.scenes.pool import Pool
from vqax.data.scenes.questions import Asked
from vqax.data.scenes.randomness import generator
from vqax.data.scenes.regions import region
from vqax.data.scenes.settings import SceneSettings
from vqax.data.vqa_x import write_explanations
from vqax.data.vqa_x_maps import write_explanation_maps

SPLIT = "val2014"
PEOPLE = 3
CHUNK = 50


class RegionJob(NamedTuple):
    """Regions to draw: (question_id, masks of all objects, needed ones)."""

    folder: Path
    seed: int
    questions: list[tuple[int, list[dict[str, object]], tuple[int, ...]]]


def write_justifications(
    root: Path, settings: SceneSettings, asked: Sequence[Asked], pool: Pool
) -> None:
    """Write sentences and maps of the chosen ones of ``asked`` to ``root``/vqa_x."""
    chosen = _chosen(settings, asked)
    if not chosen:
        return
    part, folder = VQA_X_PARTS[SPLIT][0], root / "vqa_x"
    said = {
        one.question_id: explain(one, generator(settings.seed, "explanation", one.question_id))
        for one in chosen
    }
    write_explanations(folder / explanations_name(part), said)
    questions = [
        (one.question_id, [item.mask_rle for item in one.scene.objects], one.truth.needed)
        for one in chosen
    ]
    jobs = [
        RegionJob(folder / "visual" / part, settings.seed, questions[first : first + CHUNK])
        for first in range(0, len(questions), CHUNK)
    ]
    for _ in pool.run(draw_regions, jobs):
        pass


def draw_regions(job: RegionJob) -> list[Path]:
    """Draw and save the regions of a job."""
    paths = []
    for question_id, encoded, needed in job.questions:
        masks = [decode_mask(one) for one in encoded]
        streams = [generator(job.seed, "region", question_id, k) for k in range(1, PEOPLE + 1)]
        regions = np.stack([region(masks, needed, stream) for stream in streams])
        paths.append(write_explanation_maps(job.folder, question_id, regions))
    return paths


def justified(settings: SceneSettings) -> int:
    """How many questions are explained."""
    return min(settings.explanation_questions, settings.val_questions)


def _chosen(settings: SceneSettings, asked: Sequence[Asked]) -> list[Asked]:
    """``explanation_questions`` of them spread over the pictures, in the order of their ids."""
    order = generator(settings.seed, "explained").permutation(len(asked))
    return [asked[i] for i in sorted(order[: justified(settings)])]
