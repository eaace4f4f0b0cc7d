"""What figures of images with maps over them have in common."""

import numpy as np
from PIL import Image

from project.dataset import Prepared, load_prepared
from project.human_maps import read_human_maps
from project.resolve import data_plan
from project.study import Measured
from vqax.data.images import load_rgb

HUMANS = "where people looked"


def map_row(
    measured: Measured,
    run: str,
    question_id: int,
    name: str,
    correlation: float,
    *,
    answer: str | None = None,
) -> dict[str, object]:
    asked = measured.questions[run].set_index("question_id").loc[question_id]
    return {
        "question_id": question_id,
        "question": asked["question"],
        "truth": asked["truth"],
        "map": name,
        "answer": asked["answer"] if answer is None else answer,
        "rank_correlation": correlation,
    }


def human_maps_of_run(measured: Measured, run: str, file: str) -> dict[int, np.ndarray]:
    """The mean map of the people who were asked, by question."""
    folder = measured.workspace.dataset(measured.params.run(run).dataset)
    maps = read_human_maps(folder / f"{file}.h5")
    return {question_id: drawn.mean(axis=0) for question_id, drawn in maps.items()}


def _prepared(measured: Measured, run: str) -> Prepared:
    dataset = measured.params.run(run).dataset
    return load_prepared(data_plan(measured.params, measured.workspace, dataset))


def images_for(measured: Measured, run: str, questions: list[int]) -> dict[int, Image.Image]:
    prepared = _prepared(measured, run)
    image_of = {example.question_id: example.image_id for example in prepared.test}
    return {one: load_rgb(prepared.image_path(image_of[one])) for one in questions}


def spaced(question_ids: list[int], count: int) -> list[int]:
    """``count`` of them, evenly spaced, so chosen without looking at any result."""
    places = np.linspace(0, len(question_ids) - 1, min(count, len(question_ids)))
    return [question_ids[int(place)] for place in places.round()]
