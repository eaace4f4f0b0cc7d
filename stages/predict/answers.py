"""The answers to all questions of a split, image by image, and why some have none."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from stages.explain_one.answer import Answerer, padded
from stages.explain_one.journal import Journal
from stages.explain_one.question import PREDICTED, Asked, ask
from stages.explain_one.table import Line
from stages.explain_one.vision import VisualInput
from stages.explain_one.vision_language import AnyAnswerer
from stages.predict.encoder import NO_IMAGE, StoredEyes
from vqax.data import Question, VqaFolder
from vqax.data.images import load_upright
from vqax.errors import VqaxError

Answers = dict[int, str]
Images = Mapping[int, tuple[Path, list[Question]]]
"""Image -> where it is expected, and the questions about it."""


def by_image(folder: VqaFolder, questions: list[Question]) -> Images:
    """The questions about each image together, so that it is read once."""
    images: dict[int, tuple[Path, list[Question]]] = {}
    for one in questions:
        if one.image_id not in images:
            images[one.image_id] = (folder.place_of(one.image_id), [])
        images[one.image_id][1].append(one)
    return images


def answers_to(
    answerer: AnyAnswerer,
    images: Images,
    journal: Journal,
    progress: Any,
) -> tuple[Answers, dict[int, str]]:
    """The answers by question, and why others have none."""
    answers: Answers = {}
    unusable: dict[int, str] = {}
    for number, (path, questions) in enumerate(images.values(), start=1):
        lines = {one.question_id: _line(one, path) for one in questions}
        known = {key: journal.row(line, path) for key, line in lines.items()}
        answers |= {key: row["answer"] for key, row in known.items() if row is not None}
        new = [one for one in questions if known[one.question_id] is None]
        try:
            for question_id, answer in _about(answerer, path, new) if new else ():
                journal.add(lines[question_id], path, {"answer": answer}, {})
                answers[question_id] = answer
        except VqaxError as error:
            lost = (one.question_id for one in new if one.question_id not in answers)
            unusable |= dict.fromkeys(lost, str(error))
        if progress is not None:
            progress(number, len(images))
    return answers, unusable


def _line(question: Question, path: Path) -> Line:
    return Line(question.question_id, path.name, question.question, PREDICTED)


def _about(
    answerer: AnyAnswerer, path: Path, questions: list[Question]
) -> Iterator[tuple[int, str]]:
    """The answers to all questions about one image."""
    encoder = answerer.loaded.encoder
    image = NO_IMAGE if isinstance(encoder, StoredEyes) else load_upright(path)
    visual_input = encoder.look(path, image)
    asked = [ask(answerer.loaded, one.question) for one in questions]
    ids = (one.question_id for one in questions)
    yield from zip(ids, _answered(answerer, visual_input, asked), strict=True)


def _answered(
    answerer: AnyAnswerer, visual_input: VisualInput, asked: list[Asked]
) -> Iterator[str]:
    """By one pass over all questions, where the model is one that scores a list of answers."""
    if not isinstance(answerer, Answerer):
        for one in asked:
            yield answerer(visual_input, [(one, PREDICTED)])[0].answer
        return
    loaded = answerer.loaded
    rows = padded([one.tokens for one in asked], loaded.special.padding)
    tokens = torch.tensor(rows, device=loaded.place)
    cells = visual_input.cells.expand(len(asked), *visual_input.cells.shape[1:])
    with torch.no_grad():
        best = loaded.model(cells, tokens).logits.argmax(1)
    yield from (loaded.answers.answers[index] for index in best.tolist())
