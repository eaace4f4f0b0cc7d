"""The answers to all questions of a split, image by image, and why some have none."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from stages.explain_one.answer import Answerer, padded
from stages.explain_one.journal import Journal
from stages.explain_one.question import PREDICTED, EncodedQuestion, ask
from stages.explain_one.table import Line
from stages.explain_one.vision import VisualInput
from stages.explain_one.vision_language import AnyAnswerer
from stages.predict.stored_images import NO_IMAGE, StoredImages
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
        for question_id, answer in _about(answerer, path, new) if new else ():
            if isinstance(answer, VqaxError):
                unusable[question_id] = str(answer)
            else:
                journal.add(lines[question_id], path, {"answer": answer}, {})
                answers[question_id] = answer
        if progress is not None:
            progress(number, len(images))
    return answers, unusable


def _line(question: Question, path: Path) -> Line:
    return Line(question.question_id, path.name, question.question, PREDICTED)


def _about(
    answerer: AnyAnswerer, path: Path, questions: list[Question]
) -> Iterator[tuple[int, str | VqaxError]]:
    """The answers to all questions about one image, or why there is none."""
    encoder = answerer.loaded.encoder
    try:
        image = NO_IMAGE if isinstance(encoder, StoredImages) else load_upright(path)
        visual_input = encoder.encode(path, image)
    except VqaxError as error:
        yield from ((one.question_id, error) for one in questions)
        return
    encoded: dict[int, EncodedQuestion] = {}
    for one in questions:
        try:
            encoded[one.question_id] = ask(answerer.loaded, one.question)
        except VqaxError as error:
            yield one.question_id, error
    if encoded:
        answers = _answered(answerer, visual_input, list(encoded.values()))
        yield from zip(encoded, answers, strict=True)


def _answered(
    answerer: AnyAnswerer, visual_input: VisualInput, questions: list[EncodedQuestion]
) -> Iterator[str]:
    """By one pass over all questions, where the model is one that scores a list of answers."""
    if not isinstance(answerer, Answerer):
        for one in questions:
            yield answerer(visual_input, [(one, PREDICTED)])[0].answer
        return
    loaded = answerer.loaded
    rows = padded([one.tokens for one in questions], loaded.special.padding)
    tokens = torch.tensor(rows, device=loaded.place)
    cells = visual_input.cells.expand(len(questions), *visual_input.cells.shape[1:])
    with torch.no_grad():
        best = loaded.model(cells, tokens).logits.argmax(1)
    yield from (loaded.answers.answers[index] for index in best.tolist())
