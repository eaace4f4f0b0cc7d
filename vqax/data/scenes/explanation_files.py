"""The VQA-X part of a scenes data set: sentences and regions for some validation questions."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vqax.data.folder import VQA_X_PARTS, explanations_name
from vqax.data.masks import decode_mask
from vqax.data.scenes.explanations import explain
from vqax.data.scenes.pool import Pool
from vqax.data.scenes.questions import SceneQuestion
from vqax.data.scenes.randomness import generator
from vqax.data.scenes.regions import region
from vqax.data.scenes.settings import SceneSettings
from vqax.data.vqa_x import write_explanations
from vqax.data.vqa_x_maps import write_explanation_maps

SPLIT = "val2014"
ANNOTATORS = 3
CHUNK = 50


class RegionJob(NamedTuple):
    """Regions to draw: (question_id, masks of all objects, needed ones)."""

    folder: Path
    seed: int
    questions: list[tuple[int, list[dict[str, object]], tuple[int, ...]]]


def write_explanation_files(
    root: Path, settings: SceneSettings, scene_questions: Sequence[SceneQuestion], pool: Pool
) -> None:
    """Write sentences and maps of the chosen ones of ``scene_questions`` to ``root``/vqa_x."""
    chosen = _chosen(settings, scene_questions)
    if not chosen:
        return
    part, folder = VQA_X_PARTS[SPLIT][0], root / "vqa_x"
    said = {
        one.question_id: explain(one, generator(settings.seed, "explanation", one.question_id))
        for one in chosen
    }
    write_explanations(folder / explanations_name(part), said)
    questions = [
        (one.question_id, [item.mask_rle for item in one.scene.objects], one.truth.relevant)
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
    for question_id, encoded, relevant in job.questions:
        masks = [decode_mask(one) for one in encoded]
        streams = [generator(job.seed, "region", question_id, k) for k in range(1, ANNOTATORS + 1)]
        regions = np.stack([region(masks, relevant, stream) for stream in streams])
        paths.append(write_explanation_maps(job.folder, question_id, regions))
    return paths


def explained(settings: SceneSettings) -> int:
    """How many questions are explained."""
    return min(settings.explanation_questions, settings.val_questions)


def _chosen(
    settings: SceneSettings, scene_questions: Sequence[SceneQuestion]
) -> list[SceneQuestion]:
    """``explanation_questions`` of them spread over the images, in the order of their ids."""
    order = generator(settings.seed, "explained").permutation(len(scene_questions))
    return [scene_questions[i] for i in sorted(order[: explained(settings)])]
