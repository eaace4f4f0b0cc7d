"""A whole scenes data set on disk, in the official formats of VQA, COCO, VQA-HAT and VQA-X."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from PIL import Image

from vqax.data.coco import Instance, write_instances
from vqax.data.folder import annotations_name, image_name, questions_name
from vqax.data.hat import write_human_map
from vqax.data.records import Annotation, Question
from vqax.data.relevant_objects import write_relevant_objects
from vqax.data.scenes.annotators import annotate, most_common
from vqax.data.scenes.explanation_files import SPLIT as EXPLAINED_SPLIT
from vqax.data.scenes.explanation_files import explained, write_explanation_files
from vqax.data.scenes.facts import FACTS, facts_table
from vqax.data.scenes.human_maps import Box, human_map
from vqax.data.scenes.pool import Pool, Progress, open_pool
from vqax.data.scenes.question_types import question_type
from vqax.data.scenes.questions import TEMPLATES, SceneQuestion, ask
from vqax.data.scenes.randomness import generator
from vqax.data.scenes.rendering import render
from vqax.data.scenes.scene import Scene
from vqax.data.scenes.settings import SPLITS, SceneSettings
from vqax.data.scenes.world import build_world
from vqax.data.vqa import write_annotations, write_questions
from vqax.files import write_json, write_parquet
from vqax.ownership import made_folder

KIND = "scenes"
PREFIX = {"v1": "", "v2": "v2_"}
MAPS_PER_QUESTION = {"train2014": 1, "val2014": 3}
JPEG_QUALITY = 95
CHUNK = 50
INFO = {
    "description": "Generated scenes with questions in the layout of the VQA data set. "
    "Silhouettes: Font Awesome Free 6 by Fonticons, Inc. (icons CC BY 4.0).",
    "version": "1.0",
}


class ImageJob(NamedTuple):
    """Images to draw, by number within their split."""

    folder: Path
    settings: SceneSettings
    split: str
    indices: range


class MapJob(NamedTuple):
    """Human maps to draw: (question_id, k, boxes of all objects, needed ones)."""

    folder: Path
    settings: SceneSettings
    maps: list[tuple[int, int, list[Box], tuple[int, ...]]]


def generate(
    root: Path, settings: SceneSettings, progress: Progress | None = None, *, workers: int = 1
) -> None:
    """Write the data set to ``root``, which appears only when it is whole.

    The bytes of every file depend on ``settings`` alone, not on ``workers``. With more than one
    worker the calling script needs the usual ``if __name__ == "__main__"``.

    Raises:
        BadData: ``root`` already holds files, the disk is full or the folder cannot be written.
        UsageError: the images do not suffice for so many questions.
        MissingArtefact: ``fontawesomefree`` is not installed.
    """
    with made_folder(root, KIND) as partial:
        total = sum(settings.images(split) + _mapped(settings, split) for split in SPLITS)
        total += explained(settings)
        with open_pool(workers, progress, total) as pool:
            _write(partial, settings, pool)


def _write(root: Path, settings: SceneSettings, pool: Pool) -> None:
    facts = []
    for split in SPLITS:
        scenes = _draw_images(root, settings, split, pool)
        scene_questions = ask(settings, split, scenes)
        _write_questions(root, settings, split, scene_questions)
        _write_instances(root, split, scenes)
        _write_relevant(root, split, scenes, scene_questions)
        _draw_maps(root, settings, split, scene_questions, pool)
        if split == EXPLAINED_SPLIT:
            write_explanation_files(root, settings, scene_questions, pool)
        facts.append(facts_table(split, scene_questions))
    write_parquet(root / FACTS, pd.concat(facts, ignore_index=True))


def _draw_images(root: Path, settings: SceneSettings, split: str, pool: Pool) -> list[Scene]:
    folder = root / "images" / split
    folder.mkdir(parents=True)
    numbers = range(settings.images(split))
    jobs = [
        ImageJob(folder, settings, split, numbers[first : first + CHUNK])
        for first in numbers[::CHUNK]
    ]
    return list(pool.run(draw_images, jobs))


def draw_images(job: ImageJob) -> list[Scene]:
    """Draw and save the images of a job."""
    world = build_world(job.settings)
    scenes = []
    for index in job.indices:
        scene, pixels = render(job.settings, world, job.split, index)
        path = job.folder / image_name(job.split, scene.image_id)
        Image.fromarray(pixels).save(path, "JPEG", quality=JPEG_QUALITY)
        scenes.append(scene)
    return scenes


def _write_questions(
    root: Path, settings: SceneSettings, split: str, scene_questions: Sequence[SceneQuestion]
) -> None:
    prefix = PREFIX[settings.flavour]
    questions = [Question(a.question_id, a.scene.image_id, a.text) for a in scene_questions]
    annotations = [_annotation(settings, one) for one in scene_questions]
    info = INFO | {"version": "2.0" if prefix else "1.0"}
    path = root / questions_name(split, prefix)
    write_questions(path, questions, data_subtype=split, info=info)
    path = root / annotations_name(split, prefix)
    write_annotations(path, annotations, data_subtype=split, info=info)
    if prefix:
        write_json(
            root / f"{prefix}mscoco_{split}_complementary_pairs.json", _pairs(scene_questions)
        )


def _annotation(settings: SceneSettings, one: SceneQuestion) -> Annotation:
    answers = annotate(one.truth, generator(settings.seed, "answers", one.question_id))
    return Annotation(
        question_id=one.question_id,
        image_id=one.scene.image_id,
        question_type=question_type(one.text),
        answer_type=TEMPLATES[one.template].answer_type,
        multiple_choice_answer=most_common(answers),
        answers=answers,
    )


def _pairs(scene_questions: Sequence[SceneQuestion]) -> list[list[int]]:
    """The question ids of each complementary pair, in the layout of VQA v2."""
    pairs: dict[int, list[int]] = {}
    for one in scene_questions:
        pairs.setdefault(one.pair, []).append(one.question_id)
    return [pairs[number] for number in sorted(pairs)]


def _write_instances(root: Path, split: str, scenes: Sequence[Scene]) -> None:
    instances = [
        Instance(scene.image_id, item.name, item.box_px, item.mask_rle, (item.colour,))
        for scene in scenes
        for item in scene.objects
    ]
    sizes = {scene.image_id: (scene.size_px, scene.size_px) for scene in scenes}
    path = root / "annotations" / f"instances_{split}.json"
    write_instances(path, instances, data_subtype=split, sizes_px=sizes, info=INFO)


def _write_relevant(
    root: Path, split: str, scenes: Sequence[Scene], scene_questions: Sequence[SceneQuestion]
) -> None:
    """Which instances each question needs; they are numbered from 1, image after image."""
    before = accumulate((len(scene.objects) for scene in scenes), initial=1)
    first = {scene.image_id: number for scene, number in zip(scenes, before, strict=False)}
    relevant = {
        one.question_id: [first[one.scene.image_id] + index for index in one.truth.relevant]
        for one in scene_questions
    }
    write_relevant_objects(root / "annotations" / f"relevant_objects_{split}.json", relevant)


def _draw_maps(
    root: Path,
    settings: SceneSettings,
    split: str,
    scene_questions: Sequence[SceneQuestion],
    pool: Pool,
) -> None:
    folder = root / "vqa_hat" / split
    maps = [
        (one.question_id, k, [item.box_px for item in one.scene.objects], one.truth.relevant)
        for one in _with_maps(settings, split, scene_questions)
        for k in range(1, MAPS_PER_QUESTION[split] + 1)
    ]
    starts = range(0, len(maps), 4 * CHUNK)
    jobs = [MapJob(folder, settings, maps[first : first + 4 * CHUNK]) for first in starts]
    for _ in pool.run(draw_maps, jobs):
        pass


def draw_maps(job: MapJob) -> list[Path]:
    """Draw and save the human maps of a job."""
    seed, size = job.settings.seed, job.settings.image_size_px
    return [
        write_human_map(
            job.folder,
            question_id,
            k,
            human_map(size, boxes, relevant, generator(seed, "human_map", question_id, k)),
        )
        for question_id, k, boxes, relevant in job.maps
    ]


def _with_maps(
    settings: SceneSettings, split: str, scene_questions: Sequence[SceneQuestion]
) -> list[SceneQuestion]:
    """All questions, or for train ``human_map_questions`` of them spread over the images."""
    wanted = settings.human_map_questions
    if split != SPLITS[0] or wanted is None:
        return list(scene_questions)
    chosen = generator(settings.seed, "human_map").permutation(len(scene_questions))[:wanted]
    return [scene_questions[i] for i in sorted(chosen)]


def _mapped(settings: SceneSettings, split: str) -> int:
    """How many human maps a split has."""
    questions = settings.questions(split)
    if split == SPLITS[0] and settings.human_map_questions is not None:
        questions = settings.human_map_questions
    return questions * MAPS_PER_QUESTION[split]
